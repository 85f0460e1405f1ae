// grpcJsChannel at the channel interface, with grpc-js servers and with silent peers.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttp2Server } from "node:http2";
import { createServer, type Server as NetServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { eventually } from "../../../test/eventually.ts";
import { RecordedCall, type RecordedCallOptions } from "../../../test/recorder.ts";
import { Code } from "../../protocol/code.ts";
import { RpcError } from "../../protocol/error.ts";
import type { Channel } from "../client.ts";
import { type GrpcJsChannelOptions, grpcJsChannel } from "./channel.ts";

const asIs = (bytes: Buffer) => bytes;
const define = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Bytes/${name}`,
  requestStream,
  responseStream,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
});
const definition = {
  unary: define("unary", false, false),
  clientStream: define("clientStream", true, false),
  serverStream: define("serverStream", false, true),
  bidi: define("bidi", true, true),
};

interface Handlers {
  unary?: grpc.handleUnaryCall<Buffer, Buffer>;
  clientStream?: grpc.handleClientStreamingCall<Buffer, Buffer>;
  serverStream?: grpc.handleServerStreamingCall<Buffer, Buffer>;
  bidi?: grpc.handleBidiStreamingCall<Buffer, Buffer>;
}

const echoing: Required<Handlers> = {
  unary: (call, callback) => callback(null, call.request),
  clientStream: (call, callback) => {
    const parts: Buffer[] = [];
    call.on("data", (part: Buffer) => parts.push(part)).on("end", () => callback(null, Buffer.concat(parts)));
  },
  serverStream: (call) => {
    for (const part of call.request.toString().split(" ")) call.write(Buffer.from(part));
    call.end();
  },
  bidi: (call) => {
    call.on("data", (part: Buffer) => call.write(part)).on("end", () => call.end());
  },
};

async function serve(
  handlers: Handlers = {},
  address = "127.0.0.1:0",
  credentials: grpc.ServerCredentials = grpc.ServerCredentials.createInsecure(),
): Promise<{ port: number; server: grpc.Server }> {
  const server = new grpc.Server();
  server.addService(definition, { ...echoing, ...handlers });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(address, credentials, (error, port) => (error === null ? resolve(port) : reject(error))),
  );
  onTestFinished(() => server.forceShutdown());
  return { port, server };
}

function channelTo(
  target: string,
  options: GrpcJsChannelOptions & { grpc?: grpc.ChannelOptions; tls?: grpc.ChannelCredentials } = {},
): Channel {
  const { grpc: grpcOptions, tls = grpc.credentials.createInsecure(), ...own } = options;
  const channel = grpcJsChannel(new grpc.Channel(target, tls, { "grpc.use_local_subchannel_pool": 1, ...grpcOptions }), own);
  onTestFinished(() => channel.close());
  return channel;
}

async function start(handlers: Handlers = {}, options: Parameters<typeof channelTo>[1] = {}) {
  const { port, server } = await serve(handlers);
  return { port, server, channel: channelTo(`127.0.0.1:${port}`, options) };
}

/** Accepts connections, and stays silent. */
async function listenSilently(onConnection: (socket: Socket) => void = () => {}): Promise<number> {
  const sockets: Socket[] = [];
  const server: NetServer = createServer((socket) => {
    sockets.push(socket.on("error", () => {}));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as { port: number }).port;
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const unary = (channel: Channel, options: RecordedCallOptions = {}) => new RecordedCall(channel, "/test.Bytes/unary", options);
const bidi = (channel: Channel, options: RecordedCallOptions = {}) =>
  new RecordedCall(channel, "/test.Bytes/bidi", { requestStream: true, responseStream: true, ...options });

describe("the four kinds", () => {
  test("unary: header, message, status with its trailer", async () => {
    const { channel, port } = await start({
      unary: (call, callback) => {
        const header = new grpc.Metadata();
        header.add("x-header", "1");
        header.add("x-header-bin", Buffer.from([1, 255]));
        call.sendMetadata(header);
        const trailer = new grpc.Metadata();
        trailer.add("x-trailer", String(call.metadata.get("x-request")[0]));
        callback(null, call.request, trailer);
      },
    });
    const call = unary(channel, { request: "hello", metadata: { "x-request": "me" } });
    const status = await call.ended;
    expect(call.events).toEqual(["header", "message", "status OK"]);
    expect(call.messages).toEqual(["hello"]);
    expect([...(call.header ?? [])]).toEqual([
      ["x-header", "1"],
      ["x-header-bin", Buffer.from([1, 255])],
    ]);
    expect([...(status.metadata ?? [])]).toEqual([["x-trailer", "me"]]);
    expect(call.stream.peer).toBe(`127.0.0.1:${port}`);
    expect(channel.state).toBe("ready");
  });

  test("client stream: requests sent before the connection is ready arrive in order", async () => {
    const { channel } = await start();
    const call = new RecordedCall(channel, "/test.Bytes/clientStream", { requestStream: true });
    for (const letter of "abcdef") call.stream.send(Buffer.from(letter), false);
    call.stream.halfClose();
    await call.ended;
    expect(call.messages).toEqual(["abcdef"]);
  });

  test("server stream: messages arrive when they are pulled, and the status after the last", async () => {
    const { channel } = await start();
    const call = new RecordedCall(channel, "/test.Bytes/serverStream", { responseStream: true, request: "a b c", pulls: 0 });
    await eventually(() => expect(call.events).toEqual(["header"]));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(call.messages).toEqual([]);
    call.stream.pull();
    expect(call.messages).toEqual([]);
    await eventually(() => expect(call.messages).toEqual(["a"]));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(call.messages).toEqual(["a"]);
    call.stream.pull();
    call.stream.pull();
    expect((await call.ended).code).toBe(Code.OK);
    expect(call.events).toEqual(["header", "message", "message", "message", "status OK"]);
  });

  test("bidi: exchanges messages until the half-close", async () => {
    const { channel } = await start();
    const call = bidi(channel);
    for (const text of ["1", "2", "3"]) {
      call.stream.send(Buffer.from(text), false);
      await eventually(() => expect(call.messages.at(-1)).toBe(text));
    }
    call.stream.halfClose();
    expect((await call.ended).code).toBe(Code.OK);
  });

  test("an error ends each kind with code, message, details and metadata", async () => {
    const metadata = new grpc.Metadata();
    metadata.add("x-why", "because");
    metadata.add("grpc-status-details-bin", Buffer.from([8, 5]));
    const error = { code: grpc.status.NOT_FOUND, details: "nothing there: 50 % ✓", metadata };
    const { channel } = await start({
      unary: (_call, callback) => callback(error),
      clientStream: (_call, callback) => callback(error),
      serverStream: (call) => void call.emit("error", error),
      bidi: (call) => void call.emit("error", error),
    });
    for (const { path, requestStream, responseStream } of Object.values(definition)) {
      const status = await new RecordedCall(channel, path, { requestStream, responseStream }).ended;
      expect(status).toMatchObject({ code: Code.NOT_FOUND, message: "nothing there: 50 % ✓" });
      expect(status.cause).toBe(undefined);
      expect([...(status.metadata ?? [])]).toEqual([
        ["x-why", "because"],
        ["grpc-status-details-bin", Buffer.from([8, 5])],
      ]);
    }
  });

  test("a response that was read ahead is delivered before the error that follows it", async () => {
    const answering = Promise.withResolvers<grpc.ServerWritableStream<Buffer, Buffer>>();
    const { channel } = await start({
      serverStream: (call) => {
        call.write(Buffer.from("one"));
        answering.resolve(call);
      },
    });
    const call = new RecordedCall(channel, "/test.Bytes/serverStream", { responseStream: true, pulls: 0 });
    // If both arrive together, grpc-js drops the response.
    await eventually(() => expect(call.events).toEqual(["header"]));
    await new Promise((resolve) => setTimeout(resolve, 100));
    (await answering.promise).emit("error", { code: grpc.status.ABORTED, details: "enough" });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(call.events).toEqual(["header"]);
    call.stream.pull();
    expect(await call.ended).toMatchObject({ code: Code.ABORTED, message: "enough" });
    expect(call.messages).toEqual(["one"]);
  });
});

describe("backpressure", () => {
  test("there is no room for requests until the peer reads", async () => {
    let reading: grpc.ServerDuplexStream<Buffer, Buffer> | undefined;
    const { channel } = await start({
      bidi: (call) => {
        reading = call;
      },
    });
    const call = bidi(channel);
    const message = Buffer.alloc(16 * 1024);
    let sent = 0;
    await eventually(() => expect(reading).toBeDefined());
    const room = () => {
      sent++;
      return call.stream.send(message, false);
    };
    for (let round = 0; round < 500 && room(); round++) await new Promise((resolve) => setTimeout(resolve, 1));
    for (let more = 0; more < 200; more++) room();
    expect(sent).toBeLessThan(701);
    const drainsBefore = call.drains;
    expect(room()).toBe(false);
    let received = 0;
    reading?.on("data", () => received++);
    await eventually(() => expect(received).toBe(sent));
    await eventually(() => expect(call.drains).toBeGreaterThan(drainsBefore));
    expect(room()).toBe(true);
  });
});

describe("deadlines", () => {
  test("the server gets the deadline", async () => {
    const { channel } = await start({ unary: (call, callback) => callback(null, Buffer.from(String(call.getDeadline()))) });
    const deadline = Date.now() + 60_000;
    const call = unary(channel, { deadline });
    await call.ended;
    expect(Math.abs(Number(call.messages[0]) - deadline)).toBeLessThan(2_000);
  });

  test.each([2 ** 31 - 500, 2 ** 31 + 5_000, 1e13, 8.64e15 - Date.now()])(
    "a deadline in %d ms is sent as at most 24.8 days",
    async (ms) => {
      const { channel } = await start({ unary: (call, callback) => callback(null, Buffer.from(String(call.getDeadline()))) });
      const call = unary(channel, { deadline: Date.now() + ms });
      expect((await call.ended).code).toBe(Code.OK);
      expect(Number(call.messages[0]) - Date.now()).toBeGreaterThan(2 ** 31 - 60_000);
      expect(Number(call.messages[0]) - Date.now()).toBeLessThan(2 ** 31);
    },
  );

  test("the call above reports its own deadline; a timeout of the service config ends the call", async () => {
    const { channel, port } = await start({ unary: () => {} });
    const call = unary(channel, { deadline: Date.now() + 50 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    // The server's own status may have arrived.
    expect(call.events.filter((event) => event !== "status DEADLINE_EXCEEDED")).toEqual([]);
    const config = { loadBalancingConfig: [], methodConfig: [{ name: [{}], timeout: "0.05s" }] };
    const configured = channelTo(`127.0.0.1:${port}`, { grpc: { "grpc.service_config": JSON.stringify(config) } });
    expect(await unary(configured, { deadline: Date.now() + 60_000 }).ended).toMatchObject({
      code: Code.DEADLINE_EXCEEDED,
      message: "deadline exceeded: /test.Bytes/unary did not end in time",
    });
  });
});

describe("cancelling", () => {
  test("ends the call at the server, and no callback follows", async () => {
    const cancelled = vi.fn();
    const { channel } = await start({
      serverStream: (call) => {
        call.on("cancelled", cancelled);
        call.write(call.request);
      },
    });
    const call = new RecordedCall(channel, "/test.Bytes/serverStream", { responseStream: true, request: "x" });
    await eventually(() => expect(call.messages).toEqual(["x"]));
    const { events } = call;
    const before = [...events];
    call.stream.cancel(Code.CANCELLED, "enough");
    call.stream.cancel(Code.CANCELLED, "enough");
    call.stream.pull();
    call.stream.halfClose();
    await eventually(() => expect(cancelled).toHaveBeenCalledOnce());
    expect(events).toEqual(before);
  });

  test("leaves no call at the server if it directly follows open()", async () => {
    const begun = vi.fn();
    const ended = vi.fn();
    const { channel } = await start({
      bidi: (call) => {
        begun();
        call.on("cancelled", ended);
      },
    });
    for (let i = 0; i < 20; i++) {
      const call = bidi(channel);
      for (let turn = 0; turn < i % 10; turn++) await undefined;
      call.stream.cancel(Code.CANCELLED, "enough");
    }
    const last = unary(channel);
    await last.ended;
    await eventually(() => expect(ended.mock.calls.length).toBe(begun.mock.calls.length));
  });
});

describe("connecting", () => {
  test("connect() resolves once calls can be sent, and a closed channel rejects with CANCELLED", async () => {
    const { channel } = await start();
    expect(channel.state).toBe("idle");
    await channel.connect();
    expect(channel.state).toBe("ready");
    channel.close();
    expect(channel.state).toBe("closed");
    await expect(channel.connect()).rejects.toMatchObject({ code: Code.CANCELLED, message: `the channel to ${channel.target} is closed` });
    expect(await unary(channel).ended).toMatchObject({ code: Code.CANCELLED, message: `the channel to ${channel.target} is closed` });
  });

  test("connect() waits for a server that starts later", async () => {
    const port = await freePort();
    const channel = channelTo(`127.0.0.1:${port}`, {
      grpc: { "grpc.initial_reconnect_backoff_ms": 100, "grpc.min_reconnect_backoff_ms": 100 },
    });
    const connected = channel.connect();
    await eventually(() => expect(channel.state).toBe("failed"));
    await serve({}, `127.0.0.1:${port}`);
    await connected;
    expect(channel.state).toBe("ready");
  });

  test("connect() reports why it failed", async () => {
    const port = await freePort();
    const channel = channelTo(`127.0.0.1:${port}`, { connectTimeoutMs: 300 });
    const failure = await channel.connect().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RpcError);
    expect(failure).toMatchObject({
      code: Code.UNAVAILABLE,
      message: `cannot connect to 127.0.0.1:${port}: connection refused: nothing listens there`,
    });
  });

  test("connect() and calls wait no longer than connectTimeoutMs for a silent peer", async () => {
    const port = await listenSilently();
    const channel = channelTo(`127.0.0.1:${port}`, { connectTimeoutMs: 100 });
    const timeout = { code: Code.UNAVAILABLE, message: `no connection to 127.0.0.1:${port} within 100 ms` };
    await expect(channel.connect()).rejects.toMatchObject(timeout);
    expect(await unary(channel).ended).toMatchObject(timeout);
    const waiting = unary(channel, { waitForReady: true });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(waiting.events).toEqual([]);
    waiting.stream.cancel(Code.CANCELLED, "enough");
  });

  test("a call fails with the reason, and waits for a server with waitForReady", async () => {
    const port = await freePort();
    const channel = channelTo(`127.0.0.1:${port}`, {
      grpc: { "grpc.initial_reconnect_backoff_ms": 100, "grpc.min_reconnect_backoff_ms": 100 },
    });
    expect(await unary(channel).ended).toMatchObject({
      code: Code.UNAVAILABLE,
      message: `cannot connect to 127.0.0.1:${port}: connection refused: nothing listens there`,
      cause: expect.any(Error),
    });
    const waiting = unary(channel, { waitForReady: true, request: "late" });
    await serve({}, `127.0.0.1:${port}`);
    expect((await waiting.ended).code).toBe(Code.OK);
    expect(waiting.messages).toEqual(["late"]);
  });

  test("a lost connection ends calls with UNAVAILABLE", async () => {
    const { channel, server, port } = await start({ unary: () => {} });
    await channel.connect();
    const call = unary(channel);
    await new Promise((resolve) => setTimeout(resolve, 30));
    server.forceShutdown();
    const { code, message } = await call.ended;
    expect([code, message]).toBeOneOf([
      [Code.UNAVAILABLE, `the connection to 127.0.0.1:${port} was lost during /test.Bytes/unary`],
      [Code.CANCELLED, "the server cancelled /test.Bytes/unary"],
    ]);
  });
});

describe("names and balancers of grpc-js", () => {
  test.each(["dns:localhost", "dns:///localhost", "localhost"])("%s", async (name) => {
    const { port } = await serve({}, "localhost:0");
    const call = unary(channelTo(`${name}:${port}`), { request: "x" });
    expect((await call.ended).code).toBe(Code.OK);
    expect(call.stream.peer).toMatch(/^(127\.0\.0\.1|\[::1\]):\d+$/);
  });

  test("a list of addresses", async () => {
    const { port } = await serve();
    const call = unary(channelTo(`ipv4:127.0.0.1:${await freePort()},127.0.0.1:${port}`));
    expect((await call.ended).code).toBe(Code.OK);
  });

  test.skipIf(process.platform === "win32")("a Unix domain socket", async () => {
    const folder = mkdtempSync(join(tmpdir(), "grpc-js-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    await serve({}, `unix:${folder}/s`);
    const call = unary(channelTo(`unix:${folder}/s`), { request: "x" });
    expect((await call.ended).code).toBe(Code.OK);
    expect(call.messages).toEqual(["x"]);
    expect(call.stream.peer).toBe(`unix:${folder}/s`);
  });

  test("round_robin of a service config reaches each address", async () => {
    const name = (text: string): Handlers => ({ unary: (_call, callback) => callback(null, Buffer.from(text)) });
    const ports = await Promise.all(["a", "b"].map(async (text) => (await serve(name(text))).port));
    const channel = channelTo(`ipv4:${ports.map((port) => `127.0.0.1:${port}`).join(",")}`, {
      grpc: { "grpc.service_config": JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }) },
    });
    const answers: (string | undefined)[] = [];
    await eventually(async () => {
      const call = unary(channel);
      await call.ended;
      answers.push(call.messages[0]);
      expect(new Set(answers)).toEqual(new Set(["a", "b"]));
    });
  });

  test("an unknown name fails", async () => {
    const channel = channelTo("dns:does-not-exist.invalid:50051");
    expect(await unary(channel).ended).toMatchObject({
      code: Code.UNAVAILABLE,
      message: "cannot connect to does-not-exist.invalid:50051: no such host",
    });
  });
});

describe("unsupported options", () => {
  test("a call with its own compression fails, and the message names the option to use", async () => {
    const { channel } = await start();
    const status = await unary(channel, { compression: "gzip" }).ended;
    expect(status.code).toBe(Code.UNIMPLEMENTED);
    expect(status.message).toMatch(/compression: "gzip".*grpc\.default_compression_algorithm/);
  });

  test("unknown and invalid options throw", () => {
    const channel = new grpc.Channel("127.0.0.1:1", grpc.credentials.createInsecure(), {});
    onTestFinished(() => channel.close());
    // @ts-expect-error: a program in JavaScript may do this.
    expect(() => grpcJsChannel(channel, { interceptor: [] })).toThrow(/grpcJsChannel\(\) has no option "interceptor"/);
    expect(() => grpcJsChannel(channel, { connectTimeoutMs: 0 })).toThrow(/connectTimeoutMs must be a positive number/);
    expect(() => grpcJsChannel(channel, { callCredentials: grpc.credentials.createEmpty() })).toThrow(/secure: true/);
  });
});

test("a call can set its authority", async () => {
  const { channel } = await start({ unary: (call, callback) => callback(null, Buffer.from(call.getHost())) });
  const call = unary(channel, { authority: "shop.example" });
  await call.ended;
  expect(call.messages).toEqual(["shop.example"]);
});

test("a compressing channel compresses all requests except those with compress: false", async () => {
  const flags: (number | undefined)[] = [];
  const { channel, port } = await start(
    { unary: (call, callback) => callback(null, call.request) },
    { grpc: { "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip } },
  );
  const text = "x".repeat(5_000);
  const call = unary(channel, { request: text });
  expect((await call.ended).code).toBe(Code.OK);
  expect(call.messages).toEqual([text]);
  expect(call.stream.peer).toBe(`127.0.0.1:${port}`);

  const peer = createHttp2Server().on("stream", (stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" });
    stream.on("data", (data: Buffer) => flags.push(data[0])).on("error", () => {});
  });
  await new Promise<void>((resolve) => peer.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void peer.close());
  const seen = channelTo(`127.0.0.1:${(peer.address() as { port: number }).port}`, {
    grpc: { "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip },
  });
  const sending = bidi(seen);
  for (const [count, compress] of [true, false, true].entries()) {
    sending.stream.send(Buffer.from(text), compress);
    await eventually(() => expect(flags).toHaveLength(count + 1));
  }
  expect(flags).toEqual([1, 0, 1]);
  sending.stream.cancel(Code.CANCELLED, "enough");
});
