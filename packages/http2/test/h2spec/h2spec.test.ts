// The cases of h2spec (generic, HTTP/2 and HPACK, strict), against an echo server.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EchoServer, echoServer } from "../echo.ts";
import { rawClient, readyClient } from "../raw/peer.ts";
import { starting } from "./3-starting.ts";
import { frames } from "./4-frames.ts";
import { streams } from "./5-streams.ts";
import { settingsCases } from "./6.5-settings.ts";
import { windowUpdateCases } from "./6.9-window-update.ts";
import { frameDefinitions } from "./6-frame-definitions.ts";
import { errorCodes } from "./7-error-codes.ts";
import { messages } from "./8-messages.ts";
import { hpack } from "./hpack.ts";

const rfc9113 = [
  ...starting,
  ...frames,
  ...streams,
  ...frameDefinitions,
  ...settingsCases,
  ...windowUpdateCases,
  ...errorCodes,
  ...messages,
];

let server: EchoServer;
beforeAll(async () => {
  server = await echoServer();
});
afterAll(() => server[Symbol.asyncDispose]());

describe.concurrent.each([
  ["RFC 9113", rfc9113],
  ["RFC 7541", hpack],
])("%s", (_, cases) => {
  test.each(cases)("$section: $title", async ({ bare, steps }) => {
    using peer = bare ? await rawClient(server.port, { handshake: false }) : await readyClient(server.port);
    for (const step of steps) await step(peer);
  });
});

test("there are 147 cases: 146, and one of strict mode", () => {
  expect(rfc9113.length + hpack.length).toBe(147);
});
