// The times of calls, channels and servers on virtual time.
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { connect, everyKind, everyWay, kinds, start, startBy, startServer, TestService, transports } from "../../../test/harness.ts";
import { now } from "../../../test/pending.ts";
import { Code, createServer, implement, RpcError } from "../../index.ts";
import { mockClient } from "../mock-client.ts";
import { type VirtualTime, virtualTime } from "./virtual-time.ts";

const hour = 3_600_000;

let current: VirtualTime | undefined;

function virtual(): VirtualTime {
  current = virtualTime();
  return current;
}

// Before the hooks of the test: they shut servers down, which takes time.
afterEach(() => current?.[Symbol.dispose]());

describe.each(everyWay)("$kind over $transport", ({ transport, kind }) => {
  test("a deadline of an hour passes when the test says so, for the caller and for the handler", async () => {
    const time = virtual();
    const reached = Promise.withResolvers<void>();
    const handler = Promise.withResolvers<unknown>();
    const { client } = await startBy(
      transport,
      everyKind(async ({ signal }) => {
        signal.addEventListener("abort", () => handler.resolve(signal.reason));
        reached.resolve();
        await delay(2 * hour, undefined, { signal });
        return "late";
      }),
    );
    const call = kinds[kind](client, "x", { timeoutMs: hour });
    call.catch(() => {});
    await reached.promise;
    await time.advance(hour - 10);
    expect(await now(call)).toBe("pending");
    await time.advance(10);
    expect(await call.catch((error: unknown) => error)).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    // grpc-js allows its server a second more than its client.
    await time.advance(2_000);
    expect(await handler.promise).toMatchObject({
      code: expect.toSatisfy((code) => [Code.DEADLINE_EXCEEDED, Code.CANCELLED].includes(code)),
    });
  });

  test("a handler that waits answers once its time has come", async () => {
    const time = virtual();
    const reached = Promise.withResolvers<void>();
    const { client } = await startBy(
      transport,
      everyKind(async () => {
        reached.resolve();
        await delay(hour);
        return "done";
      }),
    );
    const call = kinds[kind](client, "x", { timeoutMs: 2 * hour });
    await reached.promise;
    await time.advance(hour - 1);
    expect(await now(call)).toBe("pending");
    await time.advance(1);
    expect(await call).toMatchObject([{ text: "done" }]);
  });
});

test("advance() brings a call of three hops within the process to an end", async () => {
  const time = virtual();
  const back = mockClient(TestService, {
    async unary() {
      await delay(1_000);
      return { text: "back" };
    },
  });
  const middle = mockClient(TestService, { unary: (request) => back.unary(request, { timeoutMs: 5_000 }) });
  const front = mockClient(TestService, { unary: (request) => middle.unary(request, { timeoutMs: 5_000 }) });
  let answer: string | undefined;
  void front.unary({}, { timeoutMs: 5_000 }).then(({ text }) => {
    answer = text;
  });
  await time.advance(1_000);
  expect(answer).toBe("back");
});

test("advance() brings calls over a new connection to an end", async () => {
  const time = virtual();
  const { client } = await start({ unary: () => ({ text: "hello" }) });
  let answer: string | undefined;
  void client.unary({}).then(({ text }) => {
    answer = text;
  });
  await time.advance(0);
  expect(answer).toBe("hello");
});

test.each(transports)("%s: a conversation of a thousand messages takes no time", async (transport) => {
  const time = virtual();
  const { client } = await startBy(transport, {
    async *bidiStream(requests) {
      for await (const { count } of requests) yield { count };
    },
  });
  const call = client.bidiStream({ timeoutMs: 60_000 });
  let count = 0;
  void (async () => {
    while (count < 1_000) {
      await call.send({ count });
      if ((await call.recv())?.count === count) count++;
    }
    call.closeSend();
  })();
  await time.advance(0);
  expect(count).toBe(1_000);
});

test("a stream that goes on without time does not keep the deadline from passing", async () => {
  const time = virtual();
  const client = mockClient(TestService, {
    async *bidiStream(requests) {
      for await (const { count } of requests) yield { count };
    },
  });
  const call = client.bidiStream({ timeoutMs: 1 });
  const talking = (async () => {
    for (;;) {
      await call.send({});
      await call.recv();
    }
  })();
  talking.catch(() => {});
  await time.advance(1);
  await expect(talking).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
});

test("a thousand calls with different deadlines end in their order, each with its own time", async () => {
  const time = virtual();
  const client = mockClient(TestService, { unary: (_, { signal }) => delay(10 * hour, {}, { signal }) });
  const ended: number[] = [];
  const late: number[] = [];
  for (let index = 0; index < 1_000; index++) {
    const timeoutMs = 1 + ((index * 7_919) % 100_003);
    client.unary({}, { timeoutMs }).catch((error: RpcError) => {
      ended.push(timeoutMs);
      if (error.code !== Code.DEADLINE_EXCEEDED || Math.abs(time.elapsedMs - timeoutMs) > 1) late.push(timeoutMs);
    });
  }
  await time.advance(100_003);
  expect(ended).toHaveLength(1_000);
  expect(late).toEqual([]);
  expect(ended).toEqual(ended.toSorted((a, b) => a - b));
});

test("retries wait for their backoff", async () => {
  const time = virtual();
  const at: number[] = [];
  const { address } = await startServer({
    unary() {
      at.push(time.elapsedMs);
      throw new RpcError(Code.UNAVAILABLE, "away");
    },
  });
  const client = connect(address, { retry: { codes: ["UNAVAILABLE"], maxAttempts: 4, initialBackoffMs: 10_000, maxBackoffMs: 40_000 } });
  const call = client.unary({});
  call.catch(() => {});
  await time.advance(0);
  expect(at).toEqual([0]);
  await time.advance(200_000);
  await expect(call).rejects.toMatchObject({ code: Code.UNAVAILABLE });
  expect(at).toHaveLength(4);
  // With 20 % of jitter.
  for (const [index, ms] of [10_000, 20_000, 40_000].entries()) {
    const waitedMs = (at[index + 1] ?? 0) - (at[index] ?? 0);
    expect(waitedMs).toBeGreaterThanOrEqual(0.8 * ms - 1);
    expect(waitedMs).toBeLessThanOrEqual(1.2 * ms + 1);
  }
});

test("hedged attempts start after their delay", async () => {
  const time = virtual();
  const at: number[] = [];
  const { address } = await startServer({
    async unary() {
      at.push(time.elapsedMs);
      if (at.length < 3) await delay(hour);
      return { text: `${at.length}` };
    },
  });
  const client = connect(address, { methods: [{ service: TestService, hedging: { maxAttempts: 3, delayMs: 1_000 } }] });
  const call = client.unary({});
  await time.advance(2_000);
  expect(await call).toMatchObject({ text: "3" });
  expect(at).toEqual([0, 1_000, 2_000]);
});

test("attempts to connect wait for their backoff", async () => {
  const time = virtual();
  const { server: first, address } = await startServer({});
  await first.shutdown();
  const client = connect(address, { backoff: { initialMs: 60_000, jitter: 0 } });
  const call = client.unary({}, { waitForReady: true });
  await time.advance(10_000);
  const server = createServer();
  onTestFinished(() => void server.shutdown());
  server.add(implement(TestService, { unary: () => ({ text: "back" }) }));
  await server.listen(address);
  await time.advance(49_000);
  expect(await now(call)).toBe("pending");
  await time.advance(1_000);
  expect(await call).toMatchObject({ text: "back" });
});

test("keepalive: a peer that does not answer a PING loses its connection", async () => {
  const time = virtual();
  const { address } = await startServer({}, { limits: { keepaliveTimeMs: 60_000, keepaliveTimeoutMs: 20_000 } });
  const [host, port] = address.split(":");
  const socket = connectSocket(Number(port), host);
  onTestFinished(() => void socket.destroy());
  const received: Buffer[] = [];
  let closed = false;
  socket
    .on("data", (chunk) => received.push(chunk))
    .on("error", () => {})
    .on("close", () => {
      closed = true;
    });
  await once(socket, "connect");
  const settings = Buffer.from("000000040000000000", "hex");
  const acknowledgement = Buffer.from("000000040100000000", "hex");
  socket.write(Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), settings, acknowledgement]));
  await time.advance(59_000);
  const before = Buffer.concat(received).length;
  await time.advance(1_100);
  const ping = Buffer.concat(received).subarray(before);
  expect([ping.length, ping[3]]).toEqual([17, 6]);
  await time.advance(18_000);
  expect(closed).toBe(false);
  await time.advance(3_000);
  expect(closed).toBe(true);
});

test("a graceful shutdown waits for its grace period", async () => {
  const time = virtual();
  const reached = Promise.withResolvers<void>();
  const { server, client } = await start({
    unary() {
      reached.resolve();
      return new Promise(() => {});
    },
  });
  client.unary({}).catch(() => {});
  await reached.promise;
  const stopped = server.shutdown({ graceMs: hour, abortMs: 1_000 });
  await time.advance(hour + 999);
  expect(await now(stopped)).toBe("pending");
  await time.advance(1);
  expect(await stopped).toMatchObject({ cut: [{ how: "forced" }] });
});

describe("before and after", () => {
  test("a call that began before virtual time ends in it, and one that began in it ends in real time", async () => {
    const client = mockClient(TestService, { unary: () => new Promise<never>(() => {}) });
    const before = client.unary({}, { timeoutMs: hour });
    before.catch(() => {});
    const time = virtual();
    const during = client.unary({}, { timeoutMs: hour + 30 });
    during.catch(() => {});
    await time.advance(hour);
    expect(await now(before)).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    expect(await now(during)).toBe("pending");
    time[Symbol.dispose]();
    await expect(during).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  });

  test("deadlines work after it ended with a running call", async () => {
    const client = mockClient(TestService, { unary: () => new Promise<never>(() => {}) });
    const time = virtual();
    client.unary({}, { timeoutMs: 40 }).catch(() => {});
    time[Symbol.dispose]();
    await expect(client.unary({}, { timeoutMs: 40 })).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  });
});
