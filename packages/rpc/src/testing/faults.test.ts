import { once } from "node:events";
import { constants } from "node:http2";
import { describe, expect, onTestFinished, test } from "vitest";
import { everyWay, kindNames, kinds, start, startBy, type TestHandlers, TestService } from "../../test/harness.ts";
import { frame, Peer } from "../../test/http2-peer.ts";
import { Code, forServerMethod, RpcError } from "../index.ts";
import { type FaultOptions, faults } from "./faults.ts";
import { mockClient } from "./mock-client.ts";
import { recordCalls } from "./record-calls.ts";
import { virtualTime } from "./virtual-time/virtual-time.ts";

/** Handlers that count how often they ran, and that stream five responses. */
function counting() {
  const ran: string[] = [];
  const handlers: TestHandlers = {
    unary() {
      ran.push("unary");
      return { text: "x" };
    },
    *serverStream() {
      ran.push("serverStream");
      for (let index = 0; index < 5; index++) yield { text: `${index}` };
    },
    async clientStream(requests) {
      await Array.fromAsync(requests);
      ran.push("clientStream");
      return { text: "x" };
    },
    async *bidiStream(requests) {
      await Array.fromAsync(requests);
      ran.push("bidiStream");
      for (let index = 0; index < 5; index++) yield { text: `${index}` };
    },
  };
  return { ran, handlers };
}

const ways = everyWay.flatMap((way) => (["server", "client"] as const).map((side) => ({ ...way, side })));

describe.each(ways)("$kind over $transport, on the $side", ({ transport, kind, side }) => {
  async function begin(options: FaultOptions) {
    const { ran, handlers } = counting();
    const interceptors = [faults(options)];
    const started = await startBy(
      transport,
      handlers,
      side === "server" ? { interceptors } : {},
      {},
      side === "client" ? { interceptors } : {},
    );
    return { ran, client: started.client };
  }

  test("a status: the handler does not run", async () => {
    const { ran, client } = await begin({ status: Code.RESOURCE_EXHAUSTED });
    await expect(kinds[kind](client, "x")).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED, message: /a fault on purpose/ });
    expect(ran).toEqual([]);
  });

  const ends = [
    { what: "a status", options: { status: Code.UNAVAILABLE }, code: Code.UNAVAILABLE },
    { what: "a reset", options: { reset: true }, code: Code.INTERNAL },
  ] as const satisfies { what: string; options: FaultOptions; code: Code }[];
  const times = [
    { after: 2, passed: ["0", "1"] },
    { after: true, passed: ["0", "1", "2", "3", "4"] },
  ];

  test.each(ends.flatMap((end) => times.map((time) => ({ ...end, ...time }))))(
    "$what after $after: the handler has run, and the response is lost or breaks off",
    async ({ options, code, after, passed }) => {
      const { ran, client } = await begin({ ...options, after });
      const streams = kind === "serverStream" || kind === "bidiStream";
      if (streams) {
        const call = kind === "serverStream" ? client.serverStream({}) : client.bidiStream([{}]);
        const got: string[] = [];
        const reading = (async () => {
          for await (const { text } of call) got.push(text);
        })();
        await expect(reading).rejects.toMatchObject({ code });
        // A reset of HTTP/2 may overtake responses that the caller has not read.
        expect(got).toEqual("reset" in options && transport === "http2" ? passed.slice(0, got.length) : passed);
      } else await expect(kinds[kind](client, "x")).rejects.toMatchObject({ code });
      expect(ran).toEqual([kind]);
    },
  );

  test("a reset: the handler does not run", async () => {
    const { ran, client } = await begin({ reset: true });
    const method = TestService.method[kind].name;
    const message = new RegExp(`^the server reset /test.v1.TestService/${method} with INTERNAL_ERROR`);
    await expect(kinds[kind](client, "x")).rejects.toMatchObject({ code: Code.INTERNAL, message });
    expect(ran).toEqual([]);
  });

  test("rate 0 leaves calls alone", async () => {
    const { client } = await begin({ rate: 0, status: Code.ABORTED, latencyMs: 60_000, after: true });
    expect(await kinds[kind](client, "x")).not.toEqual([]);
  });
});

const pairs = kindNames.flatMap((kind) => (["identity", "gzip"] as const).map((compression) => ({ kind, compression })));

test.each(pairs)("$kind, $compression: a server over HTTP/2 sends RST_STREAM with INTERNAL_ERROR", async ({ kind, compression }) => {
  const calls = recordCalls();
  const interceptors = [calls, faults({ reset: true, after: 2 })];
  const { address } = await start(counting().handlers, { interceptors, compression });
  const { stream } = new Peer(address).call(TestService.method[kind].name, { "grpc-accept-encoding": "gzip" });
  let bytes = Buffer.alloc(0);
  stream.on("data", (data: Buffer) => {
    bytes = Buffer.concat([bytes, data]);
  });
  stream.on("trailers", () => expect.unreachable());
  stream.end(frame());
  await once(stream, "close").catch(() => {});
  expect(stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
  expect(await calls.all[0]?.ended).toBe(Code.INTERNAL);
  const streams = kind === "serverStream" || kind === "bidiStream";
  let messages = 0;
  for (; bytes.length > 0; messages++) bytes = bytes.subarray(5 + bytes.readUInt32BE(1));
  // The peer may drop what it has not read.
  expect(messages).toBeLessThanOrEqual(streams ? 2 : 0);
});

test.each(kindNames)("%s: latency passes on virtual time, and a deadline cuts it short", async (kind) => {
  const time = virtualTime();
  onTestFinished(() => time[Symbol.dispose]());
  for (const side of ["server", "client"] as const) {
    const interceptors = [faults({ latencyMs: 10_000 })];
    const client = mockClient(TestService, counting().handlers, side === "server" ? { server: { interceptors } } : { interceptors });
    let done = false;
    void kinds[kind](client, "x").then(() => {
      done = true;
    });
    await time.advance(9_999);
    expect(done).toBe(false);
    await time.advance(1);
    expect(done).toBe(true);
    const late = kinds[kind](client, "x", { timeoutMs: 3_000 });
    late.catch(() => {});
    await time.advance(3_000);
    await expect(late).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  }
});

/** Which of a hundred calls fail. */
async function hits(options: FaultOptions): Promise<number[]> {
  const client = mockClient(TestService, { unary: () => ({}) }, { interceptors: [faults({ status: Code.ABORTED, ...options })] });
  const failed: number[] = [];
  for (let index = 0; index < 1_000; index++) await client.unary({}).catch(() => failed.push(index));
  return failed;
}

test("the rate is met, and the seed decides which calls are hit", async () => {
  const first = await hits({ rate: 0.3 });
  expect(first.length).toBeGreaterThan(250);
  expect(first.length).toBeLessThan(350);
  expect(await hits({ rate: 0.3 })).toEqual(first);
  expect(await hits({ rate: 0.3, seed: 1 })).toEqual(first);
  expect(await hits({ rate: 0.3, seed: 2 })).not.toEqual(first);
  expect(await hits({})).toHaveLength(1_000);
});

test("latencies are within their range", async () => {
  const time = virtualTime();
  onTestFinished(() => time[Symbol.dispose]());
  const client = mockClient(TestService, { unary: () => ({}) }, { interceptors: [faults({ latencyMs: [100, 200] })] });
  const took: number[] = [];
  for (let index = 0; index < 50; index++) void client.unary({}).then(() => took.push(time.elapsedMs));
  await time.advance(300);
  expect(Math.min(...took)).toBeGreaterThanOrEqual(100);
  expect(Math.max(...took)).toBeLessThanOrEqual(200);
  expect(new Set(took).size).toBeGreaterThan(10);
});

test("an error of one's own, with its details", async () => {
  const error = new RpcError(Code.UNAVAILABLE, "busy", { metadata: { "x-zone": "b" } });
  const client = mockClient(TestService, {}, { server: { interceptors: [faults({ status: error })] } });
  await expect(client.unary({})).rejects.toMatchObject({ code: Code.UNAVAILABLE, message: "busy" });
  await expect(client.unary({})).rejects.toSatisfy((failure: RpcError) => failure.metadata.get("x-zone") === "b");
});

test("faults of one method leave the others alone", async () => {
  const calls = recordCalls();
  const broken = forServerMethod(TestService.method.unary, faults({ status: Code.ABORTED }));
  const client = mockClient(TestService, counting().handlers, { server: { interceptors: [calls, broken] } });
  await expect(client.unary({})).rejects.toMatchObject({ code: Code.ABORTED });
  expect(await client.clientStream([])).toMatchObject({ text: "x" });
  expect(calls.all.map(({ code }) => code)).toEqual([Code.ABORTED, Code.OK]);
});

test.each<[FaultOptions, typeof TypeError | typeof RangeError, RegExp]>([
  [{ rate: 1.1 }, RangeError, /^rate must be a number from 0 to 1, got 1.1/],
  [{ rate: "x" as never }, TypeError, /^rate/],
  [{ latencyMs: -1 }, RangeError, /^latencyMs/],
  [{ latencyMs: [5, 1] }, RangeError, /^latencyMs must be a number of milliseconds, or \[shortest, longest\], got \[ 5, 1 \]/],
  [{ latencyMs: [5] as never }, TypeError, /^latencyMs/],
  [{ status: 0 as never }, RangeError, /^status must be a status code other than OK, or an RpcError, got 0/],
  [{ status: 17 as never }, RangeError, /^status/],
  [{ status: "ABORTED" as never }, TypeError, /^status/],
  [{ reset: 1 as never }, TypeError, /^reset/],
  [{ reset: true, status: 14 }, TypeError, /^faults\(\) has either status or reset, got both/],
  [{ reset: true, after: 1.5 }, RangeError, /^after/],
  [{ after: true }, TypeError, /^after requires status or reset, got after true without either$/],
  [{ seed: 0.5 }, RangeError, /^seed/],
  [{ latency: 5 } as never, TypeError, /^faults\(\) has no option "latency"/],
])("faults(%o) is refused", (options, kind, message) => {
  expect(() => faults(options)).toThrow(message);
  expect(() => faults(options)).toThrow(kind);
});
