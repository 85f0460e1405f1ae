// Bytes that a peer has sent and no handler has read: each message counts, incomplete messages have
// a limit, and a call that an interceptor rejects holds nothing.
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { everyKind, startServer, type TestHandlers, until } from "../../../../test/harness.ts";
import { frame, heldMib, Peer, type PeerCall } from "../../../../test/http2-peer.ts";
import { authenticate, Code, createContextKey, RpcError, type ServerInterceptor } from "../../../index.ts";

const mib = 2 ** 20;
const unfinished = (bytes: number) => frame(Buffer.alloc(bytes - 1), 0, bytes);

const tiny: readonly (readonly [string, Buffer, Record<string, string>])[] = [
  ["empty", frame(), {}],
  ["one byte, an unknown field's", frame(Buffer.from([0x50, 1])), {}],
  ["empty, compressed", frame(gzipSync(Buffer.alloc(0)), 1), { "grpc-encoding": "gzip" }],
];

test.each(tiny)(
  "messages that are %s count in the receive window, so a handler that does not read holds few of millions",
  async (_, one, headers) => {
    const gate = Promise.withResolvers<void>();
    let count = 0;
    const { address } = await startServer({
      async clientStream(requests) {
        await gate.promise;
        for await (const _ of requests) count++;
        return { count };
      },
    });
    const call = new Peer(address).call("ClientStream", headers);
    const total = headers["grpc-encoding"] === undefined ? 400_000 : 10_000;
    const bytes = Buffer.concat(Array.from({ length: total }, () => one));
    const before = heldMib();
    call.stream.end(bytes);
    await delay(500);
    expect(heldMib() - before).toBeLessThan(6);
    gate.resolve();
    expect(await call.status()).toBe(Code.OK);
    expect(count).toBe(total);
  },
);

const user = createContextKey<string>("user");
const withToken = authenticate({
  key: user,
  verify: async ({ metadata }) => {
    await delay(1);
    if (metadata.get("authorization") !== "Bearer t") throw new RpcError(Code.UNAUTHENTICATED, "no token");
    return "u";
  },
});

const kinds = ["Unary", "ServerStream", "ClientStream", "BidiStream"];

test.each(kinds)("%s: 250 incomplete messages without a token hold nothing, and all calls are rejected", async (method) => {
  const { address } = await startServer(
    everyKind(() => "never"),
    { interceptors: [withToken], limits: { maxReceiveMessageBytes: mib } },
  );
  const peer = new Peer(address);
  const body = unfinished(mib);
  const before = heldMib();
  const calls = Array.from({ length: 250 }, () => peer.call(method));
  for (const { stream } of calls) stream.write(body);
  const statuses = await Promise.all(calls.map((call) => call.status()));
  expect(statuses).toEqual(calls.map(() => Code.UNAUTHENTICATED));
  // The peer runs in this process and holds one buffer itself.
  await until(() => heldMib() - before < 12);
});

test.each(["Unary", "ServerStream", "ClientStream"])(
  "%s: with a token, incomplete messages hold up to the budget, and further calls are rejected",
  async (method) => {
    const limits = { maxReceiveMessageBytes: mib, maxPendingBytesPerConnection: 8 * mib };
    let reading = 0;
    const { address } = await startServer(
      {
        ...everyKind(() => "whole"),
        async clientStream(requests) {
          reading++;
          for await (const _ of requests);
          return { text: "whole" };
        },
      },
      { interceptors: [withToken], limits },
    );
    const peer = new Peer(address);
    const other = new Peer(address);
    const headers = { authorization: "Bearer t" };
    const calls = Array.from({ length: 60 }, () => peer.call(method, headers));
    let rejected = 0;
    for (const call of calls) {
      call.stream.write(unfinished(mib));
      void call.status().then((status) => {
        if (status === Code.RESOURCE_EXHAUSTED) rejected++;
      });
    }
    await until(() => rejected >= 52);
    await delay(50);
    expect(rejected).toBeLessThanOrEqual(53);
    // Another connection has its own budget, and the end of a call frees its bytes.
    const whole = other.call("Unary", headers);
    whole.stream.end(frame(Buffer.concat([Buffer.from([0x1a, 0xf0, 0xff, 0x3f]), Buffer.alloc(mib - 16)])));
    expect(await whole.status()).toBe(Code.OK);
    for (const { stream } of calls) stream.close();
    await delay(50);
    const late = peer.call("Unary", headers);
    late.stream.end(frame(Buffer.alloc(0)));
    expect(await late.status()).toBe(Code.OK);
    expect(reading).toBeGreaterThanOrEqual(method === "ClientStream" ? 7 : 0);
  },
);

test("a complete message counts until its half-close arrives", async () => {
  const limits = { maxReceiveMessageBytes: mib, maxPendingBytesPerConnection: 4 * mib };
  const { address } = await startServer(
    everyKind(() => "never"),
    { limits },
  );
  const peer = new Peer(address);
  const calls = Array.from({ length: 10 }, () => peer.call("Unary"));
  let rejected = 0;
  for (const call of calls) {
    call.stream.write(frame(Buffer.alloc(mib)));
    void call.status().then((status) => {
      if (status === Code.RESOURCE_EXHAUSTED) rejected++;
    });
  }
  await until(() => rejected >= 6);
});

/** Writes bytes as DATA frames of one byte each. */
async function dribble({ stream }: PeerCall, bytes: Buffer): Promise<void> {
  for (const byte of bytes) await new Promise<void>((resolve) => stream.write(Buffer.of(byte), () => resolve()));
}

test.each([
  ["an interceptor has not decided", true],
  ["the handler does not read", false],
])("while %s, one-byte frames take little more memory than their bytes, and all arrive later", async (_, intercepted) => {
  const limits = { maxPendingBytesPerConnection: mib / 4 };
  const gate = Promise.withResolvers<void>();
  let count = 0;
  const clientStream: TestHandlers["clientStream"] = async (requests) => {
    await gate.promise;
    for await (const _ of requests) count++;
    return {};
  };
  const interceptors: ServerInterceptor[] = intercepted
    ? [
        async (_call, next) => {
          await gate.promise;
          return next();
        },
      ]
    : [];
  const { address } = await startServer({ clientStream }, { limits, interceptors });
  const call = new Peer(address).call("ClientStream");
  await dribble(call, Buffer.alloc(100));
  const before = heldMib();
  await dribble(call, Buffer.alloc(9_900));
  expect(heldMib() - before).toBeLessThan(1);
  gate.resolve();
  call.stream.end();
  expect(await call.status()).toBe(Code.OK);
  expect(count).toBe(2_000);
});

test("one-byte frames are credited once they are read", async () => {
  let count = 0;
  const { address } = await startServer(
    {
      async clientStream(requests) {
        for await (const _ of requests) if (++count % 200 === 0) await delay(5);
        return { count };
      },
    },
    { limits: { maxPendingBytesPerConnection: mib / 4 } },
  );
  const call = new Peer(address).call("ClientStream");
  await dribble(call, Buffer.alloc(10_000));
  call.stream.end();
  expect(await call.status()).toBe(Code.OK);
  expect(count).toBe(2_000);
});

test("over the process budget, the connection with the most bytes loses a call, and the others are served", async () => {
  const limits = { maxReceiveMessageBytes: 4 * mib, maxPendingBytes: 16 * mib };
  const { address } = await startServer(
    everyKind(() => "whole"),
    { limits },
  );
  const greedy = new Peer(address);
  const hoard = Array.from({ length: 20 }, () => greedy.call("Unary"));
  let rejected = 0;
  for (const call of hoard) {
    call.stream.write(unfinished(2 * mib));
    void call.status().then((status) => {
      if (status === Code.RESOURCE_EXHAUSTED) rejected++;
    });
  }
  await until(() => rejected >= 12);
  for (let times = 0; times < 5; times++) {
    const whole = new Peer(address).call("Unary");
    whole.stream.end(frame(Buffer.concat([Buffer.from([0x1a, 0xf0, 0xff, 0x7f]), Buffer.alloc(2 * mib - 16)])));
    expect(await whole.status()).toBe(Code.OK);
  }
});

test("read bytes leave the budget: hundreds of megabytes pass a connection with a budget of eight", async () => {
  const limits = { maxPendingBytesPerConnection: 8 * mib, maxPendingBytes: 8 * mib };
  let count = 0;
  const { address } = await startServer(
    {
      unary: ({ data }) => ({ count: data.length }),
      async clientStream(requests) {
        for await (const { data } of requests) count += data.length;
        return { count };
      },
    },
    { limits },
  );
  const peer = new Peer(address);
  const body = frame(Buffer.concat([Buffer.from([0x1a, 0xf0, 0xff, 0x3f]), Buffer.alloc(mib - 16)]));
  for (let times = 0; times < 30; times++) {
    const calls = Array.from({ length: 4 }, () => peer.call("Unary"));
    for (const { stream } of calls) stream.end(body);
    expect(await Promise.all(calls.map((call) => call.status()))).toEqual([0, 0, 0, 0]);
    const cancelled = peer.call("Unary");
    cancelled.stream.write(body);
    await delay(1);
    cancelled.stream.close();
  }
  const stream = peer.call("ClientStream");
  for (let times = 0; times < 50; times++) stream.stream.write(body);
  stream.stream.end();
  expect(await stream.status()).toBe(Code.OK);
  expect(count).toBe(50 * (mib - 16));
});
