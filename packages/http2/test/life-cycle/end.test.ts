// How connections end: GOAWAY, keepalive and idle time (RFC 9113, sections 5.4, 6.7 and 6.8).

import { once } from "node:events";
import { connect as connectNode, createServer as createNodeServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { connect, createServer, HeaderList, type Stream } from "../../src/index.ts";
import { echoServer } from "../echo.ts";
import { code, data, type Frame, flag, goaway, headers, ping, setting, settings, type } from "../raw/frames.ts";
import { request, response } from "../raw/hpack.ts";
import { type RawPeer, rawServer, readyClient } from "../raw/peer.ts";
import { Recorder } from "../recorder.ts";

const post = HeaderList.request({ method: "POST", scheme: "http", authority: "localhost", path: "/" });
const ok = HeaderList.response(200);
const rest = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const goaways = (peer: RawPeer) => peer.frames.filter(({ kind }) => kind === type.goaway).map(({ payload }) => payload.readUInt32BE(0));
const isGoaway = ({ kind }: Frame) => kind === type.goaway;
/** Answers all further PINGs of the server. */
function answerPings(peer: RawPeer): void {
  const answer = ({ kind, flags, payload }: Frame) => {
    if (kind === type.ping && (flags & flag.ack) === 0) peer.send(ping(payload.toString("latin1"), flag.ack));
  };
  let answered = 0;
  peer.socket.on("data", () => {
    for (const frame of peer.frames.slice(answered)) answer(frame);
    answered = peer.frames.length;
  });
}

describe.concurrent("graceful shutdown", () => {
  test("of a server has two steps, and streams in transit are still served", async () => {
    await using server = await echoServer();
    using peer = await readyClient(server.port);
    peer.send(headers(1, request(), flag.endHeaders), data(1, "a"));
    expect(await peer.ping()).toBe(true);
    const closed = server.server.close();
    const first = await peer.next(isGoaway, "the first GOAWAY");
    expect(first?.payload.readUInt32BE(0)).toBe(2 ** 31 - 1);
    expect(first?.payload.readUInt32BE(4)).toBe(code.noError);
    // In transit: the client has not read GOAWAY yet.
    peer.send(headers(3, request(), flag.endHeaders));
    answerPings(peer);
    // Some traffic, because the second step waits for a round trip rather than for silence.
    peer.send(ping("traffic"));
    const second = await peer.next(isGoaway, "the second GOAWAY");
    expect(second?.payload.readUInt32BE(0)).toBe(3);
    // This stream is too late: it is neither processed nor answered.
    peer.send(headers(5, request()));
    peer.send(data(1, "b", flag.endStream), data(3, "c", flag.endStream));
    await peer.closed;
    await closed;
    const body = (stream: number) =>
      Buffer.concat(
        peer.frames.filter((frame) => frame.kind === type.data && frame.stream === stream).map(({ payload }) => payload),
      ).toString();
    expect(body(1)).toBe("ab");
    expect(body(3)).toBe("c");
    expect(body(5)).toBe("");
    expect(server.errors).toEqual([]);
  });

  test("of a server without streams is quick and leaves nothing behind", async () => {
    await using server = await echoServer();
    using peer = await readyClient(server.port);
    answerPings(peer);
    await server.server.close();
    await peer.closed;
    expect(goaways(peer).at(-1)).toBe(0);
    expect(server.server.connections.size).toBe(0);
  });

  test("of a server ends after its timeout", async () => {
    await using server = await echoServer();
    using peer = await readyClient(server.port);
    peer.send(headers(1, request(), flag.endHeaders));
    expect(await peer.ping()).toBe(true);
    await server.server.close(200);
    await peer.closed;
    expect(server.server.connections.size).toBe(0);
  });

  test("of a server lets node's client complete its calls", async () => {
    await using server = await echoServer();
    const session = connectNode(`http://127.0.0.1:${server.port}`);
    const streams = Array.from({ length: 20 }, () => session.request({ ":method": "POST" }));
    for (const stream of streams) stream.write("a");
    await Promise.all(streams.map((stream) => once(stream, "response")));
    const closed = server.server.close();
    await once(session, "goaway");
    const bodies = streams.map(async (stream) => {
      let body = "";
      stream.end("b");
      for await (const part of stream) body += part;
      return body;
    });
    expect(await Promise.all(bodies)).toEqual(streams.map(() => "ab"));
    await closed;
  });

  test("of node's server lets the client complete its calls, and the client opens no new ones", async () => {
    const server = createNodeServer();
    server.on("stream", (stream) => {
      stream.respond();
      stream.pipe(stream);
    });
    const sessions: { close(): void }[] = [];
    server.on("session", (session) => sessions.push(session));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const connection = await connect({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
    const recorders = Array.from({ length: 20 }, () => new Recorder());
    const streams = recorders.map((recorder) => connection.request(post, recorder));
    for (const stream of streams) stream.write(Buffer.from("a"));
    await rest(50);
    const draining = new Promise((resolve) => {
      connection.onGoaway = resolve;
    });
    for (const session of sessions) session.close();
    expect(await draining).toMatchObject({ code: code.noError });
    expect(connection.state).toBe("draining");
    expect(connection.availableStreams).toBe(0);
    expect(() => connection.request(post, {})).toThrow(expect.objectContaining({ code: code.refusedStream }));
    for (const stream of streams) stream.write(Buffer.from("b"), true);
    for (const { outcome } of recorders) expect(await outcome).toMatchObject({ status: 200, bytes: 2, reset: undefined });
    const end = new Promise((resolve) => {
      connection.onClose = resolve;
    });
    if (connection.state !== "closed") await end;
    server.close();
  });

  test("of a client sends GOAWAY and closes the socket after the last response", async () => {
    await using server = await rawServer();
    const connection = await connect({ host: "127.0.0.1", port: server.port });
    const peer = await server.accept();
    const recorder = new Recorder();
    connection.request(post, recorder, Buffer.from("x"), true);
    connection.close();
    expect(connection.state).toBe("draining");
    expect(connection.availableStreams).toBe(0);
    await peer.next(isGoaway, "GOAWAY");
    peer.send(headers(1, response()));
    expect(await recorder.outcome).toMatchObject({ status: 200, reset: undefined });
    await peer.closed;
    expect(connection.closeReason?.code).toBe(code.noError);
  });

  test("destroy sends GOAWAY, resets every stream, and then calls onClose once", async () => {
    await using server = await rawServer();
    const connection = await connect({ host: "127.0.0.1", port: server.port });
    const peer = await server.accept();
    const order: string[] = [];
    for (const name of ["a", "b"]) connection.request(post, { onReset: ({ source, code }) => order.push(`${name} ${source} ${code}`) });
    connection.onClose = ({ code, message }) => order.push(`close ${code} ${message}`);
    connection.destroy(code.internalError, "the reason");
    connection.destroy();
    connection.close();
    expect(await peer.goaway()).toBe(code.internalError);
    expect(order).toEqual([
      `a connection ${code.internalError}`,
      `b connection ${code.internalError}`,
      `close ${code.internalError} the reason`,
    ]);
  });

  test("open streams of a server continue after a GOAWAY of the peer with an error", async () => {
    await using server = await echoServer();
    using peer = await readyClient(server.port);
    peer.send(headers(1, request(), flag.endHeaders), goaway(0, code.noError), data(1, "x", flag.endStream));
    await peer.streamEnd(1);
    expect(peer.reset(1)).toBeUndefined();
    await peer.closed;
  });
});

test("a connection error after graceful shutdown does not raise the last stream of GOAWAY (section 6.8)", async () => {
  await using server = await echoServer();
  using peer = await readyClient(server.port);
  answerPings(peer);
  peer.send(headers(1, request(), flag.endHeaders));
  expect(await peer.ping()).toBe(true);
  server.accepted[0]?.close();
  await peer.next((frame) => isGoaway(frame) && frame.payload.readUInt32BE(0) === 1, "the second GOAWAY");
  peer.send(headers(3, request(), flag.endHeaders), data(0, "x"));
  expect(await peer.goaway()).toBe(code.protocolError);
  expect(goaways(peer)).toEqual([2 ** 31 - 1, 1, 1]);
});

describe.concurrent("keepalive", () => {
  test("sends a PING on a quiet connection with a call, and closes the connection without an answer", async () => {
    await using server = await rawServer();
    const connection = await connect({ host: "127.0.0.1", port: server.port, keepalive: { interval: 100, timeout: 200 } });
    const peer = await server.accept();
    const recorder = new Recorder();
    connection.request(post, recorder);
    await peer.next(({ kind }) => kind === type.ping, "PING");
    expect((await recorder.outcome).reset).toMatchObject({ source: "connection", unprocessed: false });
    await peer.closed;
    expect(connection.state).toBe("closed");
  });

  test("keeps a connection whose peer answers, also while it drains", async () => {
    await using server = await rawServer();
    const connection = await connect({ host: "127.0.0.1", port: server.port, keepalive: { interval: 50, timeout: 1_000 } });
    const peer = await server.accept();
    answerPings(peer);
    const recorder = new Recorder();
    connection.request(post, recorder);
    await peer.next(({ kind }) => kind === type.headers, "the call");
    peer.send(goaway(1, code.noError));
    await rest(1_500);
    expect(peer.frames.filter(({ kind }) => kind === type.ping).length).toBeGreaterThan(2);
    peer.send(headers(1, response()));
    expect(await recorder.outcome).toMatchObject({ status: 200, reset: undefined });
  });

  test("sends no PING without calls unless withoutStreams is set", async () => {
    await using server = await rawServer();
    const quiet = await connect({ host: "127.0.0.1", port: server.port, keepalive: { interval: 50, timeout: 1_000 } });
    const eager = await connect({
      host: "127.0.0.1",
      port: server.port,
      keepalive: { interval: 50, timeout: 1_000, withoutStreams: true },
    });
    const [first, second] = [await server.accept(), await server.accept()];
    await second.next(({ kind }) => kind === type.ping, "PING");
    await rest(200);
    expect(first.frames.filter(({ kind }) => kind === type.ping)).toEqual([]);
    expect(quiet.state).toBe("open");
    quiet.destroy();
    eager.destroy();
  });

  test("of a server closes a connection whose peer is gone", async () => {
    await using server = await echoServer({ keepalive: { interval: 100, timeout: 200 } });
    using peer = await readyClient(server.port);
    peer.send(headers(1, request(), flag.endHeaders));
    await peer.next(({ kind, flags }) => kind === type.ping && flags === flag.none, "PING");
    await peer.closed;
    expect(server.server.connections.size).toBe(0);
  });

  test("sends no PING on a busy connection", async () => {
    await using server = await echoServer({ keepalive: { interval: 200, timeout: 1_000 } });
    using peer = await readyClient(server.port);
    peer.send(headers(1, request(), flag.endHeaders));
    for (let count = 0; count < 10; count++) {
      peer.send(data(1, "x"));
      await rest(50);
    }
    expect(peer.frames.filter(({ kind, flags }) => kind === type.ping && flags === flag.none)).toEqual([]);
  });

  test("ping measures the round trip, and the end of the connection resolves outstanding PINGs", async () => {
    await using server = await rawServer();
    const connection = await connect({ host: "127.0.0.1", port: server.port });
    const peer = await server.accept();
    const answers: (number | undefined)[] = [];
    connection.ping((roundTrip) => answers.push(roundTrip));
    const frame = await peer.next(({ kind, flags }) => kind === type.ping && flags === flag.none, "PING");
    await rest(30);
    peer.send(ping(frame?.payload.toString("latin1"), flag.ack));
    while (answers.length < 1) await rest(5);
    expect(answers[0]).toBeGreaterThan(20);
    connection.ping((roundTrip) => answers.push(roundTrip));
    connection.destroy();
    expect(answers).toHaveLength(2);
    expect(answers[1]).toBeUndefined();
  });
});

describe.concurrent("idle time", () => {
  test("a server closes a connection that has had no stream for the idle time", async () => {
    await using server = await echoServer({ limits: { idleTimeout: 700 } });
    using peer = await readyClient(server.port);
    answerPings(peer);
    expect(await peer.goaway()).toBe(code.noError);
    expect(server.server.connections.size).toBe(0);
  });

  test("does not close a connection with an open stream, and PINGs do not count as activity", async () => {
    await using server = await echoServer({ limits: { idleTimeout: 700 } });
    using busy = await readyClient(server.port);
    using pinging = await readyClient(server.port);
    answerPings(pinging);
    busy.send(headers(1, request(), flag.endHeaders));
    const pings = setInterval(() => pinging.send(ping("idle")), 50);
    await pinging.closed;
    clearInterval(pings);
    expect(await busy.ping(), busy.transcript()).toBe(true);
    expect(goaways(busy)).toEqual([]);
  });
});

describe.concurrent("a stream", () => {
  test("whose response completes before its request gets RST_STREAM with NO_ERROR", async () => {
    const server = createServer({
      onStream: (stream) => {
        stream.respond(ok, Buffer.from("early"), HeaderList.trailers([["x", "y"]]));
        return {};
      },
    });
    const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
    using peer = await readyClient(port);
    peer.send(headers(1, request(), flag.endHeaders));
    await peer.next(({ kind }) => kind === type.rstStream, "RST_STREAM");
    const its = peer.frames.filter(({ stream }) => stream === 1).map(({ kind, flags }) => [kind, flags & flag.endStream]);
    expect(its).toEqual([
      [type.headers, 0],
      [type.data, 0],
      [type.headers, flag.endStream],
      [type.rstStream, 0],
    ]);
    expect(peer.reset(1)).toBe(code.noError);
    // Frames in transit are not an error (section 5.1).
    peer.send(data(1, "late"), data(1, "", flag.endStream));
    expect(await peer.ping(), peer.transcript()).toBe(true);
    expect(goaways(peer)).toEqual([]);
    // The request completes before the response: no reset.
    peer.send(headers(3, request()));
    await peer.streamEnd(3);
    expect(await peer.ping()).toBe(true);
    expect(peer.reset(3)).toBeUndefined();
    server.destroy();
  });

  test("whose response completes early is complete for node's client", async () => {
    const server = createServer({
      onStream: (stream) => {
        stream.respond(ok, Buffer.from("early"));
        return {};
      },
    });
    const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
    const session = connectNode(`http://127.0.0.1:${port}`);
    const stream = session.request({ ":method": "POST" });
    stream.write(Buffer.alloc(1_000));
    let body = "";
    stream.on("data", (part) => {
      body += part;
    });
    await once(stream, "close");
    expect(body).toBe("early");
    expect(stream.rstCode).toBe(code.noError);
    session.destroy();
    server.destroy();
  });

  test("that the client resets stops counting immediately", async () => {
    await using server = await rawServer({ settings: [[setting.maxConcurrentStreams, 1]] });
    const connection = await connect({ host: "127.0.0.1", port: server.port });
    const peer = await server.accept();
    expect(connection.availableStreams).toBe(1);
    let available = 0;
    connection.onAvailable = () => available++;
    const first = connection.request(post, {});
    expect(connection.availableStreams).toBe(0);
    expect(() => connection.request(post, {})).toThrow(expect.objectContaining({ code: code.refusedStream }));
    first.reset();
    expect(connection.availableStreams).toBe(1);
    expect(available).toBe(1);
    connection.request(post, {});
    await peer.next(({ kind, stream }) => kind === type.headers && stream === 3, "the second call");
    expect(peer.reset(1)).toBe(code.cancel);
    peer.send(settings([setting.maxConcurrentStreams, 3]));
    expect(await peer.ping()).toBe(true);
    expect(connection.availableStreams).toBe(2);
    expect(available).toBe(2);
    connection.destroy();
  });

  test("whose handler throws is reset with INTERNAL_ERROR, and the connection continues", async () => {
    const errors: unknown[] = [];
    const fault = new Error("a fault of the handler");
    const server = createServer({
      onStream: (stream, { path }, endStream) => {
        if (path === "/throw") throw fault;
        if (endStream) stream.respond(ok);
        return {
          onData() {
            throw fault;
          },
        };
      },
      onError: (error) => errors.push(error),
    });
    const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
    using peer = await readyClient(port);
    peer.send(headers(1, request({ ":path": "/throw" })), headers(3, request(), flag.endHeaders), data(3, "x"), headers(5, request()));
    await peer.streamEnd(5);
    expect([peer.reset(1), peer.reset(3), peer.reset(5)]).toEqual([code.internalError, code.internalError, undefined]);
    expect(errors).toEqual([fault, fault]);
    server.destroy();
  });

  test("that is closed accepts every method call without an error", async () => {
    const streams: Stream[] = [];
    const server = createServer({
      onStream: (stream) => {
        streams.push(stream);
        stream.respond(ok);
        return {};
      },
    });
    const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
    using peer = await readyClient(port);
    peer.send(headers(1, request()));
    await peer.streamEnd(1);
    const [stream] = streams;
    expect(stream?.closed).toBe(true);
    expect(stream?.write(Buffer.from("x"))).toBe(false);
    expect(stream?.sendHeaders(ok)).toBe(false);
    expect(stream?.respond(ok)).toBe(false);
    stream?.end();
    stream?.sendTrailers(HeaderList.trailers([]));
    stream?.credit(1);
    stream?.reset();
    expect(await peer.ping()).toBe(true);
    expect(peer.frames.filter(({ stream }) => stream === 1)).toHaveLength(1);
    server.destroy();
  });
});
