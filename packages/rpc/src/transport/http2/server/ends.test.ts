// How calls end on the wire, and how their handlers learn of it.
import { once } from "node:events";
import { connect } from "node:http2";
import { expect, onTestFinished, test } from "vitest";
import { code, goaway, rstStream } from "../../../../../http2/test/raw/frames.ts";
import { until } from "../../../../test/harness.ts";
import { frame, Peer } from "../../../../test/http2-peer.ts";
import { callHeaders, closed, dataFrame, ending, type Served, serve } from "../../../../test/served.ts";
import { Code } from "../../../protocol/code.ts";

const one = frame(Buffer.from("1"));
const reply = Buffer.from("reply");

/** A server, a client, and a call that has reached its handler. */
async function running(method: string, fields: Record<string, string> = {}, served?: Served) {
  const server = served ?? (await serve());
  const peer = await server.client();
  server.onCall = ({ stream }) => stream.pull();
  peer.send(callHeaders(1, method, fields), dataFrame(1, one, !/Client|Bidi/.test(method)));
  await until(() => server.calls.length === 1);
  return { served: server, peer, call: server.calls[0] as (typeof server.calls)[number] };
}

const methods = ["Unary", "EarlyUnary", "ServerStream", "ClientStream", "BidiStream"];

test.each(methods)("%s: a reset cancels the handler's call with CANCELLED, keeps the peer, and nothing more is sent", async (method) => {
  const { peer, call } = await running(method);
  const { peer: address } = call.stream;
  expect(address).toBe(`127.0.0.1:${peer.socket.localPort}`);
  peer.send(rstStream(1, code.cancel));
  await until(() => call.cancelled !== undefined);
  expect(call.cancelled).toMatchObject({ code: Code.CANCELLED, message: "the caller cancelled the call" });
  expect(call.stream.peer).toBe(address);
  const frames = peer.frames.length;
  call.stream.sendHeader(undefined, "identity");
  call.stream.send(reply, false);
  call.stream.pull();
  call.stream.end(undefined, reply, false);
  await peer.ping();
  expect(peer.frames.length).toBe(frames + 1);
});

test.each(methods)("%s: a lost connection cancels the handler's call with CANCELLED, and keeps the peer", async (method) => {
  const { peer, call } = await running(method);
  const { localPort } = peer.socket;
  peer.socket.destroy();
  await until(() => call.cancelled !== undefined);
  expect(call.cancelled).toMatchObject({ code: Code.CANCELLED, message: expect.stringContaining("the connection was lost") });
  expect(call.stream.peer).toBe(`127.0.0.1:${localPort}`);
});

test.each(methods)("%s: the deadline ends the call with a status and cancels the handler", async (method) => {
  const { peer, call } = await running(method, { "grpc-timeout": "150m" });
  const open = /Client|Bidi/.test(method);
  // The request is incomplete, so a reset tells the client to stop.
  expect(await ending(peer, 1)).toEqual(["headers END_STREAM", ...(open ? ["rstStream 0"] : [])]);
  expect(call.events.at(-1)).toBe("cancel 4");
  expect(call.cancelled?.message).toBe("deadline exceeded");
});

test("a deadline after the header or after messages sends a status in trailers", async () => {
  const { peer, call } = await running("ServerStream", { "grpc-timeout": "150m" });
  call.stream.send(reply, false);
  expect(await ending(peer, 1)).toEqual(["headers", "data", "headers END_STREAM"]);
  expect(call.events.at(-1)).toBe("cancel 4");
});

test.each(methods)("%s: after its end, a call gets no events of its deadline, a reset or its connection", async (method) => {
  const { peer, call } = await running(method, { "grpc-timeout": "80m" });
  call.stream.end(undefined, reply, false);
  const { length } = call.events;
  await peer.streamEnd(1);
  peer.send(rstStream(1, code.cancel));
  await new Promise((resolve) => setTimeout(resolve, 120));
  peer.socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(call.events).toHaveLength(length);
});

test("a client's GOAWAY lets its calls finish; a GOAWAY with an error ends them", async () => {
  const { served, peer, call } = await running("ClientStream");
  peer.send(goaway(0, code.noError), dataFrame(1, one, true));
  await until(() => call.messages.length === 1);
  call.stream.end(undefined, reply, false);
  await closed(peer);
  expect(call.cancelled).toBeUndefined();
  const other = await served.client();
  other.send(callHeaders(1, "ClientStream"));
  await until(() => served.calls.length === 2);
  other.send(goaway(0, code.internalError));
  await closed(other);
  expect(served.calls[1]?.cancelled).toMatchObject({
    code: Code.CANCELLED,
    message: "the connection was lost: the client has ended the connection (INTERNAL_ERROR)",
  });
});

test("a complete response ends its stream, even if the client is still sending", async () => {
  const { peer, call } = await running("ClientStream");
  call.stream.end(undefined, reply, false);
  expect(await ending(peer, 1)).toEqual(["headers", "data", "headers END_STREAM", "rstStream 0"]);
  // Frames in flight are not an error.
  peer.send(dataFrame(1, one), dataFrame(1, one, true));
  expect(await peer.ping("alive")).toBe(true);
});

test("a client of node:http2 gets an early status, and its connection stays open", async () => {
  const served = await serve();
  served.onCall = ({ stream }) => stream.end({ code: Code.RESOURCE_EXHAUSTED, message: "enough", metadata: undefined }, undefined, false);
  const peer = new Peer(`127.0.0.1:${served.port}`);
  for (let calls = 0; calls < 5; calls++) {
    const call = peer.call("ClientStream");
    call.stream.write(Buffer.alloc(100_000));
    expect(await call.ended).toMatchObject({ "grpc-status": "8", "grpc-message": "enough" });
  }
});

test.each(["frames", "grpc-study-node/1", "grpc-go/1.33.2", "grpc-python/1.51", "h2load"])(
  "a half-close of %s is delivered at once",
  async (userAgent) => {
    const { peer, call } = await running("ClientStream", { "user-agent": userAgent });
    peer.send(dataFrame(1, Buffer.alloc(0), true));
    await peer.ping();
    expect(call.events).toEqual(["message 1", "half-close"]);
  },
);

test.each([["grpc-node-js/1.14.7"], ["connect-es/2.2.0"], [undefined]])(
  "a half-close of %s waits for a possible reset",
  async (userAgent) => {
    const served = await serve();
    served.onCall = ({ stream }) => stream.pull();
    const peer = await served.client();
    const fields = { "user-agent": userAgent };
    peer.send(callHeaders(1, "ClientStream", fields), dataFrame(1, one, true));
    peer.send(callHeaders(3, "ClientStream", fields), dataFrame(3, one, true));
    await until(() => served.calls.length === 2);
    expect(served.calls.map(({ events }) => events)).toEqual([["message 1"], ["message 1"]]);
    peer.send(rstStream(1, code.cancel));
    await until(() => served.calls.every(({ events }) => events.length === 2));
    expect(served.calls.map(({ events }) => events[1])).toEqual(["cancel 1", "half-close"]);
    // A unary request is complete with its half-close, whatever the client.
    peer.send(callHeaders(5, "Unary", fields), dataFrame(5, one, true));
    await peer.ping();
    expect(served.calls).toHaveLength(3);
  },
);

test("a cancel by a real Node client delivers no half-close", async () => {
  const served = await serve();
  served.onCall = ({ stream }) => stream.pull();
  const session = connect(`http://127.0.0.1:${served.port}`);
  onTestFinished(() => session.destroy());
  for (let calls = 0; calls < 20; calls++) {
    const stream = session.request({ ":method": "POST", ":path": "/test.v1.TestService/ClientStream", "content-type": "application/grpc" });
    stream.on("error", () => {});
    stream.write(one);
    await until(() => served.calls[calls]?.messages.length === 1);
    stream.close(code.cancel);
    await until(() => served.calls[calls]?.cancelled !== undefined);
    expect(served.calls[calls]?.events).toEqual(["message 1", "cancel 1"]);
  }
});

test("repeated bursts of a thousand cancelled calls do not close an honest client's connection", async () => {
  const served = await serve();
  const peer = await served.client();
  let stream = 1;
  for (let rounds = 0; rounds < 15; rounds++) {
    const opened: number[] = [];
    const frames: Buffer[] = [];
    for (let calls = 0; calls < 1_000; calls++, stream += 2) {
      opened.push(stream);
      frames.push(callHeaders(stream), dataFrame(stream, one, true));
    }
    peer.send(...frames, ...opened.map((id) => rstStream(id, code.cancel)));
    expect(await peer.ping(`round ${rounds}`), peer.transcript()).toBe(true);
  }
  expect(served.calls).toHaveLength(15_000);
  expect(served.calls.every(({ events }) => events.at(-1) === "cancel 1")).toBe(true);
});

test("a client that only cancels is disconnected", async () => {
  const served = await serve({ resetBurst: 100, resetsPerSecond: 1 });
  const peer = await served.client();
  const frames: Buffer[] = [];
  for (let stream = 1; stream < 240; stream += 2) frames.push(callHeaders(stream), dataFrame(stream, one), rstStream(stream, code.cancel));
  peer.send(...frames);
  expect(await peer.goaway()).toBe(code.enhanceYourCalm);
});

test("pending bytes: the call that exceeds the connection's budget ends, and its handler is cancelled", async () => {
  const served = await serve({ maxPendingBytesPerConnection: 20_000 });
  const peer = await served.client();
  peer.send(callHeaders(1, "ClientStream"), callHeaders(3, "ClientStream"));
  peer.send(dataFrame(1, Buffer.alloc(15_000)), dataFrame(3, Buffer.alloc(10_000)));
  expect(await ending(peer, 3)).toEqual(["headers END_STREAM", "rstStream 0"]);
  expect(served.calls.map(({ events }) => events)).toEqual([[], ["cancel 8"]]);
  expect(served.calls[1]?.cancelled?.message).toBe("requests of this connection have more than 20000 bytes pending");
});

test("an error thrown by a listener ends its call, and is passed to onError", async () => {
  const fault = new Error("a fault of the handler's side");
  const served = await serve();
  served.onCall = () => {
    throw fault;
  };
  const peer = await served.client();
  peer.send(callHeaders(1), dataFrame(1, one, true));
  expect(await ending(peer, 1)).toEqual([`rstStream ${code.internalError}`]);
  expect(served.errors).toEqual([fault]);
});

test("a socket that fails during a response throws nothing", async () => {
  const served = await serve();
  served.onCall = ({ stream }) => {
    stream.send(Buffer.alloc(2 ** 20), false);
  };
  const peer = await served.client();
  peer.send(callHeaders(1, "ServerStream"), dataFrame(1, one, true));
  await until(() => served.calls.length === 1);
  peer.socket.resetAndDestroy();
  await once(peer.socket, "close");
  await until(() => served.calls[0]?.cancelled !== undefined);
});
