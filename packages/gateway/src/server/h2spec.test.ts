// The cases of h2spec (generic, HTTP/2 and HPACK, strict) against the port that serves HTTP/1.1, too.
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { starting } from "../../../http2/test/h2spec/3-starting.ts";
import { frames } from "../../../http2/test/h2spec/4-frames.ts";
import { streams } from "../../../http2/test/h2spec/5-streams.ts";
import { settingsCases } from "../../../http2/test/h2spec/6.5-settings.ts";
import { windowUpdateCases } from "../../../http2/test/h2spec/6.9-window-update.ts";
import { frameDefinitions } from "../../../http2/test/h2spec/6-frame-definitions.ts";
import { errorCodes } from "../../../http2/test/h2spec/7-error-codes.ts";
import { messages } from "../../../http2/test/h2spec/8-messages.ts";
import { hpack } from "../../../http2/test/h2spec/hpack.ts";
import { rawClient, readyClient } from "../../../http2/test/raw/peer.ts";
import { errors } from "../../test/stub.ts";
import { Server } from "./server.ts";

let server: Server;
let port: number;
beforeAll(async () => {
  server = new Server({
    errors,
    handler: async ({ body }, response) => {
      response.onClose = () => {};
      response.start(200, {});
      try {
        for await (const chunk of body ?? []) response.write(chunk as Buffer);
      } catch {}
      if (body === undefined) response.write("hello");
      response.end();
    },
  });
  ({ port } = await server.listen("127.0.0.1:0"));
});
afterAll(() => server.close(0));

const all = [
  ...starting,
  ...frames,
  ...streams,
  ...frameDefinitions,
  ...settingsCases,
  ...windowUpdateCases,
  ...errorCodes,
  ...messages,
  ...hpack,
];
/** Other bytes are HTTP/1.1 on this port. */
const invalidPreface = "an invalid preface";

describe.concurrent("h2spec", () => {
  test.each(all.filter(({ title }) => title !== invalidPreface))("$section: $title", async ({ bare, steps }) => {
    using peer = bare ? await rawClient(port, { handshake: false }) : await readyClient(port);
    for (const step of steps) await step(peer);
  });
});

test("an invalid preface is a malformed HTTP/1.1 request", async () => {
  expect(all.some(({ title }) => title === invalidPreface)).toBe(true);
  const socket = connect(port, "127.0.0.1");
  socket.write("INVALID CONNECTION PREFACE\r\n\r\n");
  expect(await text(socket)).toMatch(/^HTTP\/1.1 400 /);
});
