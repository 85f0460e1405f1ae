// What a server beside gRPC needs of the transport: streams that are not gRPC, methods that change
// at run time, and connections that it has accepted itself.
import { once } from "node:events";
import { connect } from "node:http2";
import { connect as connectSocket, createServer, type Socket } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../../../../test/harness.ts";
import { frame, Peer } from "../../../../test/http2-peer.ts";
import { serve } from "../../../../test/served.ts";
import { Code } from "../../../protocol/code.ts";
import { createHttp2ServerTransport, HeaderList, type ServedMethod, type Stream, type StreamHandler } from "../../index.ts";

const page = HeaderList.response(200, [["content-type", "text/plain"]]);

/** Answers with the method, the path and the length of the body. */
function echo(stream: Stream, headers: HeaderList, endStream: boolean): StreamHandler {
  let bytes = 0;
  const answer = () => stream.respond(page, Buffer.from(`${headers.method} ${headers.path} ${bytes}`));
  if (endStream) answer();
  return {
    onData(data, end) {
      bytes += data.length;
      stream.credit(data.length);
      if (end) answer();
    },
  };
}

/** A unary method that answers with a text. */
function answering(path: string, reply: string): ServedMethod {
  const never = () => {
    throw new Error("the method is unary");
  };
  return {
    path,
    requestStream: false,
    responseStream: false,
    early: false,
    open: never,
    answer(stream) {
      stream.end(undefined, Buffer.from(reply), false);
      return { onMessage: never, onHalfClose: never, onDrain() {}, onCancel() {} };
    },
  };
}

async function request(peer: Peer, headers: Record<string, string>, body?: string) {
  const stream = peer.session.request({ ":method": "POST", ":path": "/page?x=1", ...headers }, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  const [response] = (await once(stream, "response")) as [Record<string, unknown>];
  return { status: response[":status"], type: response["content-type"], body: await text(stream) };
}

test("requests other than gRPC go to `other`, whatever their method, beside gRPC calls on one connection", async () => {
  const served = await serve({}, { other: echo });
  served.onCall = ({ stream }) => stream.end(undefined, Buffer.from("reply"), false);
  const peer = new Peer(`127.0.0.1:${served.port}`);
  const answered = (body: string) => ({ status: 200, type: "text/plain", body });
  expect(await request(peer, { ":method": "GET" })).toEqual(answered("GET /page?x=1 0"));
  expect(await request(peer, { "content-type": "application/json" }, "{}")).toEqual(answered("POST /page?x=1 2"));
  expect(await request(peer, { "content-type": "application/grpc-web" }, "12345")).toEqual(answered("POST /page?x=1 5"));
  expect(await request(peer, { "content-type": "application/grpc+json" }, "1")).toEqual(answered("POST /page?x=1 1"));
  expect(served.calls).toEqual([]);

  const call = peer.call("Unary");
  call.stream.end(frame());
  expect(await call.status()).toBe(Code.OK);
  // Such a request looks like a broken gRPC client.
  expect(await request(peer, { ":method": "GET", "content-type": "application/grpc" })).toMatchObject({ status: 405 });
});

test("a handler that throws resets its stream, and onError gets the error", async () => {
  const served = await serve(
    {},
    {
      other() {
        throw new Error("oops");
      },
    },
  );
  const peer = new Peer(`127.0.0.1:${served.port}`);
  await expect(request(peer, { ":method": "GET" })).rejects.toThrow(/NGHTTP2_INTERNAL_ERROR/);
  expect(served.errors).toEqual([new Error("oops")]);
});

test("draining waits for the streams of `other`", async () => {
  let finish = () => {};
  const other = (stream: Stream) => {
    finish = () => stream.respond(page, Buffer.from("late"));
    return {};
  };
  const served = await serve({}, { other });
  const peer = new Peer(`127.0.0.1:${served.port}`);
  const answer = request(peer, { ":method": "GET" });
  await until(() => finish.toString().includes("late"));
  let drained = false;
  const draining = served.transport.drain().then(() => {
    drained = true;
  });
  // Longer than draining waits for silent connections.
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(drained).toBe(false);
  finish();
  expect((await answer).body).toBe("late");
  await draining;
});

test("the age of a connection ends the streams of `other`, too", async () => {
  const served = await serve({ maxConnectionAgeMs: 50, maxConnectionAgeGraceMs: 50 }, { other: () => ({}) });
  const peer = new Peer(`127.0.0.1:${served.port}`);
  const stream = peer.session.request({ ":method": "GET" });
  await once(stream, "close");
  await until(() => peer.session.destroyed);
});

test("`find` is asked for each call: a replaced method gets no more calls, even if the client repeats its header", async () => {
  const path = "/test.v1.TestService/Changing";
  let method: ServedMethod | undefined = answering(path, "first");
  const served = await serve({}, { find: (asked) => (asked === path ? method : undefined) });
  const peer = new Peer(`127.0.0.1:${served.port}`);
  const call = async () => {
    const { stream, ended } = peer.call("Changing");
    let reply = "";
    stream.on("data", (data: Buffer) => {
      reply += data.toString("latin1", 5);
    });
    stream.end(frame());
    return { code: Number((await ended)["grpc-status"]), reply };
  };
  for (let i = 0; i < 3; i++) expect(await call()).toEqual({ code: Code.OK, reply: "first" });
  method = answering(path, "second");
  expect(await call()).toEqual({ code: Code.OK, reply: "second" });
  method = undefined;
  expect(await call()).toEqual({ code: Code.UNIMPLEMENTED, reply: "" });
  method = answering(path, "third");
  expect(await call()).toEqual({ code: Code.OK, reply: "third" });
});

test("a method of `add` takes precedence over `find`", async () => {
  const served = await serve({}, { find: (path) => answering(path, "found") });
  served.onCall = ({ stream }) => stream.end(undefined, Buffer.from("added"), false);
  const call = new Peer(`127.0.0.1:${served.port}`).call("Unary");
  call.stream.end(frame());
  expect(await call.status()).toBe(Code.OK);
  expect(served.calls).toHaveLength(1);
});

/** A client on one end of a pair, and the calls that the other end serves. */
async function attached(near: Duplex, far: Duplex, peer?: string) {
  const served = await serve({}, { other: echo });
  served.onCall = ({ stream }) => stream.end(undefined, Buffer.from("reply"), false);
  served.transport.attach(far, peer);
  const session = connect("http://pair", { createConnection: () => near });
  onTestFinished(() => session.destroy());
  const stream = session.request({
    ":method": "POST",
    ":path": "/test.v1.TestService/Unary",
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.end(frame());
  await text(stream);
  return { served, peer: served.calls[0]?.stream.peer };
}

test.each([
  [undefined, "unknown"],
  ["203.0.113.7:1", "203.0.113.7:1"],
])("a stream is served with the peer %s", async (given, peer) => {
  const [near, far] = duplexPair();
  expect((await attached(near, far, given)).peer).toBe(peer);
});

test("a socket that the caller has read from is served from its first byte on", async () => {
  const accepted: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket)).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const near = connectSocket(port, "127.0.0.1");
  const session = connect("http://x", { createConnection: () => near });
  onTestFinished(() => session.destroy());
  await until(() => accepted.length === 1);
  const [far] = accepted as [Socket];
  const [first] = (await once(far, "data")) as [Buffer];
  far.pause();
  far.unshift(first);
  const served = await serve();
  served.onCall = ({ stream }) => stream.end(undefined, Buffer.from("reply"), false);
  served.transport.attach(far);
  const stream = session.request({
    ":method": "POST",
    ":path": "/test.v1.TestService/Unary",
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.end(frame());
  await text(stream);
  expect(served.calls[0]?.stream.peer).toBe(`127.0.0.1:${near.localPort}`);
});

test("a stream that is attached after drain() is destroyed", async () => {
  const transport = createHttp2ServerTransport();
  await transport.drain();
  const [, far] = duplexPair();
  transport.attach(far);
  expect(far.destroyed).toBe(true);
});
