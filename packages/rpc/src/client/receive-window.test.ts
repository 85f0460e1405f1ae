// Unread empty messages: each end of a call buffers a few thousand at most.
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { connect, startServer, TestService, transports, until } from "../../test/harness.ts";
import { frame, heldMib, peerServer } from "../../test/http2-peer.ts";
import { createClient } from "../index.ts";

/** Resolves once a counter has stopped for 150 ms. */
async function settled(count: () => number): Promise<number> {
  for (let last = -1; ; await delay(150)) {
    if (count() === last) return last;
    last = count();
  }
}

/** Far more messages than a call may hold. */
const many = 2_000_000;

test.each(transports)("%s: a handler that yields empty messages waits for a client that does not read", async (transport) => {
  let made = 0;
  const { server, address } = await startServer({
    *serverStream() {
      for (; made < many; made++) yield {};
    },
  });
  using client = createClient(TestService, transport === "in process" ? server.channel() : address);
  const before = heldMib();
  const call = client.serverStream({});
  expect(await call.recv()).toBeDefined();
  expect(await settled(() => made)).toBeLessThan(200_000);
  expect(heldMib() - before).toBeLessThan(16);
  call.cancel();
});

test.each(transports)("%s: a client that sends empty messages waits for a handler that does not read", async (transport) => {
  const { server, address } = await startServer({
    async clientStream(requests, { signal }) {
      for await (const _ of requests) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return {};
    },
  });
  using client = createClient(TestService, transport === "in process" ? server.channel() : address);
  const before = heldMib();
  const call = client.clientStream();
  let sent = 0;
  const sending = (async () => {
    while (sent < many && (await call.send({}))) sent++;
  })();
  expect(await settled(() => sent)).toBeLessThan(600_000);
  expect(heldMib() - before).toBeLessThan(16);
  call.cancel();
  await sending;
});

test("a client that does not read holds few of the 16 MiB of empty messages that a node:http2 server sends", async () => {
  let sentAll = false;
  const address = await peerServer((stream) => {
    stream.resume();
    stream.respond({ ":status": 200, "content-type": "application/grpc" });
    const part = Buffer.alloc(2 ** 20, frame());
    for (let times = 0; times < 16; times++) stream.write(part);
    stream.write(frame(), () => {
      sentAll = true;
    });
  });
  const client = connect(address);
  const before = heldMib();
  const call = client.serverStream({});
  expect(await call.recv()).toBeDefined();
  await delay(500);
  // The server's unsent data is one buffer in this process.
  expect(heldMib() - before).toBeLessThan(24);
  for (let count = 0; count < 100_000; count++) await call.recv();
  expect(sentAll).toBe(false);
  call.cancel();
  await until(() => heldMib() - before < 24);
});
