// A list in the wrong place would be a malformed message on the wire, so it throws and nothing is
// sent.

import { duplexPair } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { attachClient, createServer, HeaderList, type Server, type Stream } from "./index.ts";

const request = HeaderList.request({ method: "POST", scheme: "http", authority: "localhost", path: "/" });
const response = HeaderList.response(200);
const trailers = HeaderList.trailers([["x-checksum", "none"]]);

let server: Server | undefined;
afterEach(() => server?.destroy());

test.each<[string, (stream: Stream) => unknown, RegExp]>([
  ["sendHeaders with trailers", (stream) => stream.sendHeaders(trailers), /needs :status/],
  ["sendHeaders with a request", (stream) => stream.sendHeaders(request), /needs :status/],
  ["respond with trailers", (stream) => stream.respond(trailers, Buffer.from("body")), /needs :status/],
  ["respond with a response as trailers", (stream) => stream.respond(response, undefined, response), /must not have :status/],
  ["sendTrailers with a response", (stream) => stream.sendTrailers(response), /must not have :status/],
  ["sendTrailers with a request", (stream) => stream.sendTrailers(request), /must not have :method/],
])("%s throws a TypeError, and a correct list can still be sent", async (_what, wrong, message) => {
  const [near, far] = duplexPair();
  const seen: unknown[] = [];
  server = createServer({
    onStream: (stream) => {
      expect(() => wrong(stream)).toThrow(message);
      stream.respond(response, undefined, trailers);
      return {};
    },
    onError: (error) => seen.push(error),
  });
  server.attach(far);
  const client = attachClient(near);
  client.request(
    request,
    {
      onHeaders: (headers) => seen.push(headers.status),
      onTrailers: (list) => seen.push(list.get("x-checksum")),
      onReset: (reset) => seen.push(reset),
    },
    undefined,
    true,
  );
  for (let i = 0; i < 20 && seen.length < 2; i++) await turn();
  expect(seen).toEqual([200, "none"]);
  client.destroy();
});
