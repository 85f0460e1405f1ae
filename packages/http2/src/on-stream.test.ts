// The reset of a stream that ends within `onStream`, before it has a handler.

import { duplexPair } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { attachClient, createServer, HeaderList, type Server, type Stream, type StreamReset } from "./index.ts";

const request = HeaderList.request({ method: "POST", scheme: "http", authority: "localhost", path: "/" });

let server: Server | undefined;
afterEach(() => server?.destroy());

async function resetsOf(onStream: (stream: Stream) => void, endStream: boolean): Promise<{ server: StreamReset[]; client: StreamReset[] }> {
  const resets = { server: [] as StreamReset[], client: [] as StreamReset[] };
  const [near, far] = duplexPair();
  server = createServer({
    onStream: (stream) => {
      onStream(stream);
      return { onReset: (reset) => resets.server.push(reset) };
    },
  });
  server.attach(far);
  const client = attachClient(near);
  client.request(request, { onReset: (reset) => resets.client.push(reset) }, undefined, endStream);
  for (let i = 0; i < 10 && resets.client.length === 0; i++) await turn();
  await turn();
  client.destroy();
  return resets;
}

test.each([true, false])("a stream that is reset within onStream calls onReset once (request complete: %s)", async (endStream) => {
  const resets = await resetsOf((stream) => stream.reset(11), endStream);
  expect(resets.server).toMatchObject([{ code: 11, source: "local" }]);
  expect(resets.client).toMatchObject([{ code: 11, source: "peer" }]);
});

test("a stream whose connection is destroyed within onStream calls onReset once", async () => {
  const resets = await resetsOf((stream) => stream.connection.destroy(2, "out of order"), true);
  expect(resets.server).toMatchObject([{ code: 2, source: "connection" }]);
  expect(resets.client).toHaveLength(1);
});

test("the reset of one stream within onStream is not reported to the next one", async () => {
  let first: Stream | undefined;
  const resets = await resetsOf((stream) => {
    first = stream;
    stream.reset(11);
  }, true);
  expect(first?.closed).toBe(true);
  expect(resets.server).toHaveLength(1);
  const again = await resetsOf((stream) => stream.respond(HeaderList.response(204)), true);
  expect(again).toEqual({ server: [], client: [] });
});
