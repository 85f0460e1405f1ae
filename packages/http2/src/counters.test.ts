// The counts of both roles of a connection.
import { duplexPair } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { resolveConfig } from "./config.ts";
import { Http2Connection } from "./connection.ts";
import { HeaderList } from "./headers/header-list.ts";
import { createServer } from "./server.ts";

const ok = HeaderList.response(200);
const to = (path: string) => HeaderList.request({ method: "POST", scheme: "http", authority: "localhost", path });

/** A server that answers `/ok` after the request, `/early` before its end, resets `/reset`, and lets `/wait` wait. */
function pair() {
  const [near, far] = duplexPair();
  const server = createServer({
    onStream(stream, { path }) {
      if (path === "/early") stream.respond(ok);
      if (path === "/reset") stream.reset();
      return { onData: (_data, endStream) => void (path === "/ok" && endStream && stream.respond(ok)) };
    },
  });
  const accepted = server.attach(far);
  const client = new Http2Connection(near, resolveConfig("client", {}), false);
  return { server, accepted, client };
}

async function turns(): Promise<void> {
  for (let count = 0; count < 50; count++) await turn();
}

test("both sides count the streams that succeed, fail, and are open", async () => {
  const { server, accepted, client } = pair();
  client.request(to("/ok"), {}, Buffer.from("x"), true);
  client.request(to("/early"), {}, Buffer.from("x"), false);
  client.request(to("/reset"), {}, Buffer.from("x"), false);
  client.request(to("/wait"), {}, Buffer.from("x"), false).reset();
  client.request(to("/wait"), {}, Buffer.from("x"), false);
  await turns();
  const counts = { streamsStarted: 5, streamsSucceeded: 2, streamsFailed: 2, keepalivesSent: 0 };
  expect(client.counters()).toMatchObject(counts);
  expect(accepted.counters()).toMatchObject(counts);
  server.destroy();
  await turns();
  const end = { streamsStarted: 5, streamsSucceeded: 2, streamsFailed: 3 };
  expect(client.counters()).toMatchObject(end);
  expect(accepted.counters()).toMatchObject(end);
});

test("the windows are those of the connection", async () => {
  const { server, accepted, client } = pair();
  await turns();
  expect(client.counters().sendWindow).toBe(accepted.counters().receiveWindow);
  expect(accepted.counters().sendWindow).toBe(client.counters().receiveWindow);
  const before = client.counters().sendWindow;
  client.request(to("/wait"), {}, Buffer.alloc(1000), false);
  await turns();
  expect(client.counters().sendWindow).toBe(before - 1000);
  server.destroy();
});
