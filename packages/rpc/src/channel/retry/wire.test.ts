// Retries over sockets, with node:http2 servers that refuse, fail, push back and disconnect.
import { constants, type ServerHttp2Stream } from "node:http2";
import { describe, expect, onTestFinished, test } from "vitest";
import { methods } from "../../../test/attempts.ts";
import { ChannelCall } from "../../../test/channel-call.ts";
import { eventually } from "../../../test/eventually.ts";
import { frame, peerServer } from "../../../test/http2-peer.ts";
import { Code } from "../../protocol/code.ts";
import type { Channel } from "../../transport/client.ts";
import { createChannel } from "../create-channel.ts";
import type { ChannelOptions } from "../options.ts";

const kinds = Object.keys(methods) as (keyof typeof methods)[];
const grpc = { ":status": 200, "content-type": "application/grpc" };

/** One attempt, as the server sees it. */
class Seen {
  readonly stream: ServerHttp2Stream;
  /** The value of `grpc-previous-rpc-attempts`. */
  readonly previous: string | undefined;
  /** The session's number. */
  readonly session: number;
  readonly #chunks: Buffer[] = [];
  /** True if the request ended without a reset. */
  complete = false;
  reset: number | undefined;

  constructor(stream: ServerHttp2Stream, previous: string | undefined, session: number) {
    this.stream = stream;
    this.previous = previous;
    this.session = session;
    stream.on("data", (chunk: Buffer) => this.#chunks.push(chunk));
    stream.on("end", () => {
      this.complete = true;
    });
    stream.on("close", () => {
      this.reset = stream.rstCode;
    });
  }

  /** The requests received, without their five-byte prefixes. */
  get requests(): string[] {
    const bytes = Buffer.concat(this.#chunks);
    const requests: string[] = [];
    for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt32BE(at + 1)) {
      requests.push(bytes.toString("latin1", at + 5, at + 5 + bytes.readUInt32BE(at + 1)));
    }
    return requests;
  }

  refuse(): void {
    this.stream.close(constants.NGHTTP2_REFUSED_STREAM);
  }

  /** Responds with Trailers-Only. */
  fail(code: Code, headers: Record<string, string> = {}): void {
    this.stream.respond({ ...grpc, "grpc-status": String(code), "grpc-message": "failed", ...headers }, { endStream: true });
  }

  answer(...messages: string[]): void {
    this.stream.respond({ ...grpc, "x-previous": this.previous ?? "none" }, { waitForTrailers: true });
    this.stream.on("wantTrailers", () => this.stream.sendTrailers({ "grpc-status": "0" }));
    for (const message of messages) this.stream.write(frame(Buffer.from(message)));
    this.stream.end();
  }
}

async function server(take: (seen: Seen, all: readonly Seen[]) => void) {
  const all: Seen[] = [];
  const sessions: unknown[] = [];
  const target = await peerServer((stream, headers) => {
    if (!sessions.includes(stream.session)) sessions.push(stream.session);
    const previous = headers["grpc-previous-rpc-attempts"];
    const seen = new Seen(stream, previous as string | undefined, sessions.indexOf(stream.session));
    all.push(seen);
    take(seen, all);
  });
  return { all, target };
}

function channelTo(target: string, options: ChannelOptions = {}): Channel {
  const channel = createChannel(target, { pool: false, ...options });
  onTestFinished(() => channel.close());
  return channel;
}

/** Opens a call, and sends two requests if the method streams them. */
function callOf(channel: Channel, kind: keyof typeof methods): ChannelCall {
  const call = new ChannelCall(channel, kind);
  if (methods[kind].requestStream) {
    call.stream.send(Buffer.from("one"), false);
    call.stream.send(Buffer.from("two"), false);
    call.stream.halfClose();
  }
  return call;
}

const requestsOf = (kind: keyof typeof methods) => (methods[kind].requestStream ? ["one", "two"] : ["request"]);

const retry = { codes: ["UNAVAILABLE"], maxAttempts: 4, initialBackoffMs: 10 } as const;

describe.each(kinds)("%s", (kind) => {
  test("REFUSED_STREAM: the call is retried at once, without a policy", async () => {
    const { all, target } = await server((seen, { length }) =>
      length === 1 ? seen.refuse() : seen.stream.on("end", () => seen.answer("answer")),
    );
    const call = callOf(channelTo(target), kind);
    expect(await call.ended).toMatchObject({ code: Code.OK });
    expect(call.messages).toEqual(["answer"]);
    expect(call.headers[0]?.get("x-previous")).toBe("none");
    expect(all).toHaveLength(2);
    expect(all[1]?.requests).toEqual(requestsOf(kind));
  });

  test("REFUSED_STREAM twice is UNAVAILABLE without a policy, and subject to the policy with one", async () => {
    const { all, target } = await server((seen, { length }) => (length < 3 ? seen.refuse() : seen.stream.on("end", () => seen.answer())));
    expect(await callOf(channelTo(target), kind).ended).toMatchObject({ code: Code.UNAVAILABLE });
    expect(all).toHaveLength(2);
    all.length = 0;
    expect(await callOf(channelTo(target, { retry }), kind).ended).toBeDefined();
    expect(all.map(({ previous }) => previous)).toEqual([undefined, undefined, "1"]);
  });

  test("GOAWAY below the call's stream: the call is retried on another connection", async () => {
    const { all, target } = await server((seen, { length }) => {
      // Stream 1 is the last one that this server processes.
      if (length === 2) seen.stream.session?.goaway(constants.NGHTTP2_NO_ERROR, 1);
      else seen.stream.on("end", () => seen.answer("answer"));
    });
    const channel = channelTo(target);
    await callOf(channel, kind).ended;
    const call = callOf(channel, kind);
    expect(await call.ended).toMatchObject({ code: Code.OK });
    expect(call.messages).toEqual(["answer"]);
    expect(all.map(({ session }) => session)).toEqual([0, 0, 1]);
    expect(all[2]?.requests).toEqual(requestsOf(kind));
  });

  test("trailers-only UNAVAILABLE: the policy retries the call and sends the number of attempts", async () => {
    const { all, target } = await server((seen, { length }) => {
      if (length < 3) seen.fail(Code.UNAVAILABLE);
      else seen.stream.on("end", () => seen.answer("answer"));
    });
    const call = callOf(channelTo(target, { retry }), kind);
    expect(await call.ended).toMatchObject({ code: Code.OK });
    expect(call).toMatchObject({ messages: ["answer"], headers: [expect.anything()] });
    expect(all.map(({ previous }) => previous)).toEqual([undefined, "1", "2"]);
    expect(all[2]?.requests).toEqual(requestsOf(kind));
  });

  test("a received header commits the call", async () => {
    const { all, target } = await server(({ stream }) => {
      stream.respond(grpc, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "14" }));
      stream.on("end", () => stream.end());
    });
    expect(await callOf(channelTo(target, { retry }), kind).ended).toMatchObject({ code: Code.UNAVAILABLE });
    expect(all).toHaveLength(1);
  });

  test("an early success ends the call, and the call is not retried", async () => {
    const { all, target } = await server((seen) => seen.answer("early"));
    const call = new ChannelCall(channelTo(target, { retry }), kind);
    expect(await call.ended).toMatchObject({ code: Code.OK });
    expect(call.messages).toEqual(["early"]);
    expect(all).toHaveLength(1);
  });

  test("a call that fails early is retried while requests are being sent", async () => {
    const { all, target } = await server((seen, { length }) =>
      length === 1 ? seen.fail(Code.UNAVAILABLE) : seen.stream.on("end", () => seen.answer("late")),
    );
    const call = new ChannelCall(channelTo(target, { retry }), kind);
    if (methods[kind].requestStream) {
      call.stream.send(Buffer.from("one"), false);
      await eventually(() => expect(all).toHaveLength(2));
      call.stream.send(Buffer.from("two"), false);
      call.stream.halfClose();
    }
    expect(await call.ended).toMatchObject({ code: Code.OK });
    expect(call.messages).toEqual(["late"]);
    expect(all[1]?.requests).toEqual(requestsOf(kind));
  });
});

test("a pushback sets the wait, and one that forbids a retry ends the call", async () => {
  const times: number[] = [];
  const { all, target } = await server((seen, { length }) => {
    times.push(performance.now());
    if (length === 1) seen.fail(Code.UNAVAILABLE, { "grpc-retry-pushback-ms": "150" });
    else seen.fail(Code.UNAVAILABLE, { "grpc-retry-pushback-ms": "-1" });
  });
  expect(await callOf(channelTo(target, { retry }), "unary").ended).toMatchObject({ code: Code.UNAVAILABLE, message: "failed" });
  expect(all).toHaveLength(2);
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(145);
});

test("the policy retries a call whose connection is lost", async () => {
  const { all, target } = await server((seen, { length }) => {
    if (length === 1) seen.stream.session?.destroy();
    else seen.answer("answer");
  });
  const call = callOf(channelTo(target, { retry }), "unary");
  expect(await call.ended).toMatchObject({ code: Code.OK });
  expect(all.map(({ session, previous }) => [session, previous])).toEqual([
    [0, undefined],
    [1, "1"],
  ]);
});

test("after a cancel during the back-off, the server receives no other attempt", async () => {
  const { all, target } = await server((seen) => seen.fail(Code.UNAVAILABLE, { "grpc-retry-pushback-ms": "800" }));
  const call = callOf(channelTo(target, { retry }), "unary");
  await eventually(() => expect(all[0]?.stream.closed).toBe(true));
  call.stream.cancel(Code.CANCELLED, "enough");
  await new Promise((resolve) => setTimeout(resolve, 900));
  expect(all).toHaveLength(1);
});

test("large requests are sent again completely, under flow control", async () => {
  const { all, target } = await server((seen, { length }) => {
    if (length === 1) seen.stream.on("end", () => seen.fail(Code.UNAVAILABLE));
    else seen.stream.on("end", () => seen.answer("answer"));
  });
  const call = new ChannelCall(channelTo(target, { retry }), "clientStream");
  const sent: string[] = [];
  for (let i = 0; i < 30; i++) {
    const text = String.fromCharCode(65 + i).repeat(30_000);
    sent.push(text);
    call.stream.send(Buffer.from(text), false);
  }
  call.stream.halfClose();
  expect(await call.ended).toMatchObject({ code: Code.OK });
  expect(all.map(({ requests }) => requests)).toEqual([sent, sent]);
});

describe("hedging", () => {
  const options = (delayMs: number): ChannelOptions => ({
    methods: [{ service: "test.v1.TestService", hedging: { maxAttempts: 3, delayMs, nonFatalCodes: ["UNAVAILABLE"] } }],
  });

  test("a slow server gets a second attempt, the first response wins, and the others are reset with CANCEL", async () => {
    const { all, target } = await server((seen, { length }) => {
      if (length === 2) seen.answer("second");
    });
    const call = callOf(channelTo(target, options(40)), "unary");
    expect(await call.ended).toMatchObject({ code: Code.OK });
    expect(call.messages).toEqual(["second"]);
    expect(all.map(({ previous }) => previous)).toEqual([undefined, "1"]);
    await eventually(() => expect(all[0]?.reset).toBe(constants.NGHTTP2_CANCEL));
  });

  test("round_robin sends the attempts to different servers", async () => {
    const silent = await server(() => undefined);
    const quick = await server((seen) => seen.answer("quick"));
    const channel = channelTo(`ipv4:${silent.target},${quick.target}`, { ...options(20), balancing: "round_robin" });
    for (let i = 0; i < 10; i++) expect(await callOf(channel, "unary").ended).toMatchObject({ code: Code.OK });
    expect(quick.all.length).toBeGreaterThanOrEqual(10);
  });

  test("a non-fatal failure starts the next attempt at once", async () => {
    const { all, target } = await server((seen, { length }) => (length < 3 ? seen.fail(Code.UNAVAILABLE) : seen.answer("third")));
    const call = callOf(channelTo(target, options(60_000)), "unary");
    expect(await call.ended).toMatchObject({ code: Code.OK });
    expect(all).toHaveLength(3);
  });
});
