import { PassThrough } from "node:stream";
import { Code } from "@grpc-study/rpc";
import { expect, test, vi } from "vitest";
import { envelope } from "./envelope.ts";
import { RequestMessages } from "./request-messages.ts";

const request = { version: 1, headers: {} } as const;
const limits = { bodyLimit: 100, bodyTimeoutMs: 60_000 };
const decode = (bytes: Buffer) => bytes.toString();

test("each envelope is a message, and the end of the body is the end", async () => {
  const body = new PassThrough();
  const messages = new RequestMessages(request, body, { decode }, limits);
  const first = messages.next();
  body.write(Buffer.concat([envelope(0, "a"), envelope(0, "b"), envelope(0, "c").subarray(0, 3)]));
  expect(await first).toEqual({ done: false, value: "a" });
  body.end(envelope(0, "c").subarray(3));
  expect(await Array.fromAsync(messages)).toEqual(["b", "c"]);
});

test("a request without a body has no messages", async () => {
  expect(await Array.fromAsync(new RequestMessages(request, undefined, { decode }, limits))).toEqual([]);
});

test("a body that is cut off between messages, within one, or that ends within one, fails", async () => {
  for (const [cut, code] of [
    [(body: PassThrough) => body.destroy(), Code.CANCELLED],
    [(body: PassThrough) => body.destroy(new Error("reset")), Code.CANCELLED],
    [(body: PassThrough) => body.end(Buffer.from([0, 0])), Code.INVALID_ARGUMENT],
  ] as const) {
    const body = new PassThrough();
    const messages = new RequestMessages(request, body, { decode }, limits);
    const first = messages.next();
    body.write(envelope(0, "a"));
    expect((await first).value).toBe("a");
    const second = messages.next();
    cut(body);
    await expect(second).rejects.toMatchObject({ code });
    await expect(messages.next()).rejects.toMatchObject({ code });
  }
});

test("a message beyond the limit and one that cannot be decoded fail the stream", async () => {
  const fault = new Error("malformed");
  const decoders = [
    () => Promise.reject(fault),
    () => {
      throw fault;
    },
  ];
  for (const failing of decoders) {
    const body = new PassThrough();
    body.end(envelope(0, "a"));
    const messages = new RequestMessages(request, body, { decode: failing }, limits);
    await expect(messages.next()).rejects.toBe(fault);
    await expect(messages.next()).rejects.toMatchObject({ cause: fault });
  }
  const body = new PassThrough();
  body.write(envelope(0, "x".repeat(101)));
  await expect(new RequestMessages(request, body, { decode }, limits).next()).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
});

test("a message that has begun must arrive in time, and the next one may take any time", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  // Tests of other files have timers in this process, too.
  const [set, clear] = [vi.spyOn(globalThis, "setTimeout"), vi.spyOn(globalThis, "clearTimeout")];
  try {
    const body = new PassThrough();
    const messages = new RequestMessages(request, body, { decode }, limits);
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const first = messages.next();
    vi.advanceTimersByTime(200_000);
    body.write(envelope(0, "a"));
    expect((await first).value).toBe("a");
    const second = messages.next();
    body.write(Buffer.from([0]));
    await turn();
    vi.advanceTimersByTime(59_000);
    body.write(Buffer.from([0]));
    await turn();
    vi.advanceTimersByTime(2000);
    // The rest of the body may never arrive, so the connection cannot be used again.
    await expect(second).rejects.toMatchObject({
      code: Code.DEADLINE_EXCEEDED,
      message: "a message did not arrive within 60000 ms",
      headers: { connection: "close" },
    });
    const timers = set.mock.calls.flatMap(([, ms], index) => (ms === 60_000 ? set.mock.results[index]?.value : []));
    const cleared = clear.mock.calls.map(([timer]) => timer);
    expect(timers.filter((timer) => !cleared.includes(timer))).toEqual([]);
    expect(timers.length).toBeGreaterThan(0);
  } finally {
    vi.restoreAllMocks();
    vi.useRealTimers();
  }
});

test("the body waits while messages are unread", async () => {
  const body = new PassThrough({ highWaterMark: 1024 });
  const messages = new RequestMessages(request, body, { decode }, { ...limits, bodyLimit: 100_000 });
  const message = "x".repeat(50_000);
  let written = 0;
  const write = () => {
    while (written < 20 && body.write(envelope(0, message))) written++;
    written++;
    if (written < 20) body.once("drain", write);
    else body.end();
  };
  write();
  await new Promise((resolve) => setImmediate(resolve));
  expect(written).toBeLessThan(5);
  expect(await Array.fromAsync(messages)).toHaveLength(20);
});

test("after return() the rest of the body is discarded", async () => {
  const body = new PassThrough();
  const messages = new RequestMessages(request, body, { decode }, limits);
  const next = messages.next();
  await messages.return();
  expect(await next).toEqual({ done: true, value: undefined });
  body.end(Buffer.alloc(1_000_000));
  await new Promise((resolve) => body.once("end", resolve));
  expect(await messages.next()).toEqual({ done: true, value: undefined });
});
