// Runs cases beyond h2spec against the same echo server.
import { afterAll, beforeAll, describe, test } from "vitest";
import { type EchoServer, echoServer } from "../echo.ts";
import { readyClient } from "../raw/peer.ts";
import { cases } from "./cases.ts";

let server: EchoServer;
beforeAll(async () => {
  server = await echoServer();
});
afterAll(() => server[Symbol.asyncDispose]());

describe.concurrent("a server", () => {
  test.each(cases)("$section: $title", async ({ steps }) => {
    using peer = await readyClient(server.port);
    for (const step of steps) await step(peer);
  });
});
