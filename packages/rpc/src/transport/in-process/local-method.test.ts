// Calls of another transport, which a server in this process runs.
import { describe, expect, test } from "vitest";
import { createChannel } from "../../channel/create-channel.ts";
import { Code } from "../../protocol/code.ts";
import { Metadata } from "../../protocol/metadata.ts";
import type { Status } from "../../protocol/status.ts";
import type { ServedMethod, ServerListener, ServerStream } from "../server.ts";
import { InProcessChannel, localMethod } from "./channel.ts";
import type { HandedOverStream } from "./local-call.ts";
import type { LocalMethod } from "./local-method.ts";
import { InProcessTransport } from "./transport.ts";

const path = "/test.Service/Method";
const wide = { maxReceiveMessageBytes: 1_000, maxSendMessageBytes: 1_000, maxMetadataBytes: 1_000, maxMetadataPairs: 5 };

interface Init {
  readonly method?: Partial<Pick<ServedMethod, "requestStream" | "responseStream" | "early" | "borrows">>;
  /** What the handler does when it is opened. */
  readonly onOpen?: (stream: ServerStream) => void;
  readonly server?: Partial<typeof wide>;
  readonly channel?: Partial<Pick<typeof wide, "maxReceiveMessageBytes" | "maxSendMessageBytes">>;
  readonly metadata?: Metadata;
}

/** A method, the stream of a caller, and a log of what both ends see. */
function start({ method: kind = {}, onOpen = () => {}, server, channel: limits = {}, metadata = new Metadata() }: Init = {}) {
  const transport = new InProcessTransport({ ...wide, ...server });
  const channel = new InProcessChannel(transport, { limits });
  const events = { handler: [] as string[], caller: [] as string[] };
  const text = ({ code, message, cause }: Status) => `${Code[code]} ${message}${cause === undefined ? "" : " (local)"}`;
  const handler: ServerListener = {
    onMessage: (message, compressed, from = 0) => void events.handler.push(`${message.subarray(from)}${compressed ? " compressed" : ""}`),
    onHalfClose: () => void events.handler.push("half-close"),
    onDrain: () => void events.handler.push("drain"),
    onCancel: (status) => void events.handler.push(text(status)),
  };
  const opened: ServerStream[] = [];
  const open = (stream: ServerStream, what: string) => {
    opened.push(stream);
    events.handler.push(what);
    onOpen(stream);
    return handler;
  };
  const requestStream = kind.requestStream ?? false;
  const method: ServedMethod = {
    path,
    requestStream,
    responseStream: false,
    early: requestStream,
    ...kind,
    open: (stream) => open(stream, "open"),
    answer: (stream, request, compressed, from = 0) => open(stream, `${request.subarray(from)}${compressed ? " compressed" : ""}`),
  };
  const stream: HandedOverStream = {
    metadata,
    metadataSize: { bytes: 100, pairs: 1 },
    deadline: 1e15,
    requestCompression: "gzip",
    accepts: (compression) => compression === "gzip",
    pull: () => void events.caller.push("pull"),
    sendHeader: (header, compression) => void events.caller.push(`header ${header?.get("x")} ${compression}`),
    send: (message, compress) => {
      events.caller.push(`${message}${compress ? " compressed" : ""}`);
      return false;
    },
    end: (status, response, compress) => {
      events.caller.push(
        `${status === undefined ? "OK" : text(status)}${response === undefined ? "" : ` ${response}`}${compress ? " compressed" : ""}`,
      );
    },
  };
  const served = () => transport.add(method);
  const local = localMethod(channel, path) as LocalMethod;
  return { transport, channel, local, stream, events, served, stream0: () => opened[0] as ServerStream };
}

const bytes = (text: string) => Buffer.from(text);

test("a request reaches the handler, and its response the caller", () => {
  const { local, stream, events, served, stream0 } = start();
  served();
  local.answer(stream, bytes("..request"), true, 2);
  const own = stream0();
  own.sendHeader(new Metadata({ x: "1" }), "gzip");
  own.end(undefined, bytes("response"), true);
  own.end(undefined, undefined, false);
  expect(events).toEqual({ handler: ["request compressed"], caller: ["header 1 gzip", "OK response compressed"] });
  expect([own.deadline, own.requestCompression, own.accepts("gzip"), own.accepts("deflate")]).toEqual([1e15, "gzip", true, false]);
  expect([own.peer, own.authority, own.secure, own.clientCertificate]).toEqual(["in-process", "in-process", true, undefined]);
});

test("the handler has metadata of its own, without the fields of the protocol", () => {
  const metadata = new Metadata({ x: "1" });
  metadata.receive("grpc-previous-rpc-attempts", "1");
  const { local, stream, served, stream0 } = start({ metadata });
  served();
  local.answer(stream, bytes(""), false);
  expect([...stream0().metadata]).toEqual([["x", "1"]]);
  stream0().metadata.delete("x");
  expect([stream0().metadata.has("x"), metadata.has("x")]).toEqual([false, true]);
});

test("an early method gets a complete request when it is opened, and otherwise pulls it", () => {
  const whole = start({ method: { early: true } });
  whole.served();
  whole.local.answer(whole.stream, bytes("..request"), true, 2);
  whole.stream0().pull();
  expect(whole.events).toEqual({ handler: ["request compressed"], caller: [] });
  const later = start({ method: { early: true } });
  later.served();
  const caller = later.local.open(later.stream);
  later.stream0().pull();
  caller.onMessage(bytes("request"), false);
  caller.onHalfClose();
  expect(later.events).toEqual({ handler: ["open", "request", "half-close"], caller: ["pull"] });
});

test("a stream of messages passes in both directions", () => {
  const { local, stream, events, served, stream0 } = start({ method: { requestStream: true, responseStream: true } });
  served();
  const caller = local.open(stream);
  stream0().pull();
  caller.onMessage(bytes("..a"), false, 2);
  caller.onHalfClose();
  expect(stream0().send(bytes("b"), true)).toBe(false);
  caller.onDrain();
  stream0().end({ code: Code.ABORTED, message: "no", metadata: undefined }, undefined, false);
  caller.onMessage(bytes("late"), false);
  caller.onCancel({ code: Code.CANCELLED, message: "late", metadata: undefined });
  stream0().pull();
  stream0().send(bytes("late"), false);
  expect(events).toEqual({ handler: ["open", "a", "half-close", "drain"], caller: ["pull", "b compressed", "ABORTED no"] });
});

test("a method with one request takes the first of a stream", () => {
  const { local, stream, events, served } = start();
  served();
  const caller = local.open(stream);
  expect(events.caller).toEqual(["pull"]);
  caller.onMessage(bytes("a"), false);
  caller.onHalfClose();
  expect(events.handler).toEqual(["a", "half-close"]);
  const empty = start();
  empty.served();
  empty.local.open(empty.stream).onHalfClose();
  expect(empty.events).toEqual({ handler: [], caller: ["pull", `UNIMPLEMENTED Received no request message for ${path}`] });
});

describe("limits", () => {
  const requests = { maxReceiveMessageBytes: ["server", ""], maxSendMessageBytes: ["channel", " (local)"] } as const;
  test.each(Object.entries(requests))("%s of a request", (name, [side, local]) => {
    const fault = `RESOURCE_EXHAUSTED a request has 3 bytes, and ${name} is 2${local}`;
    const one = start({ [side]: { [name]: 2 } });
    one.served();
    one.local.answer(one.stream, bytes("..abc"), false, 2);
    expect(one.events).toEqual({ handler: [], caller: [fault] });
    const many = start({ [side]: { [name]: 2 }, method: { requestStream: true } });
    many.served();
    const caller = many.local.open(many.stream);
    caller.onMessage(bytes("ab"), false);
    caller.onMessage(bytes("abc"), false);
    expect(many.events).toEqual({ handler: ["open", "ab", fault], caller: [fault] });
  });

  const responses = { maxSendMessageBytes: ["server", ""], maxReceiveMessageBytes: ["channel", " (local)"] } as const;
  test.each(Object.entries(responses))("%s of a response", (name, [side, local]) => {
    const fault = `RESOURCE_EXHAUSTED a response has 3 bytes, and ${name} is 2${local}`;
    const one = start({ [side]: { [name]: 2 } });
    one.served();
    one.local.answer(one.stream, bytes("a"), false);
    one.stream0().end(undefined, bytes("abc"), false);
    expect(one.events).toEqual({ handler: ["a"], caller: [fault] });
    // The handler learns it, even if it sends while it is opened.
    const many = start({ [side]: { [name]: 2 }, method: { responseStream: true }, onOpen: (stream) => stream.send(bytes("abc"), false) });
    many.served();
    many.local.answer(many.stream, bytes("a"), false);
    expect(many.events).toEqual({ handler: ["a", fault], caller: [fault] });
  });

  test.each([
    ["bytes", { bytes: 1_001, pairs: 1 }, "the metadata has 1001 bytes, and maxMetadataBytes is 1000"],
    ["pairs", { bytes: 100, pairs: 6 }, "the metadata has 6 pairs, and maxMetadataPairs is 5"],
  ])("%s of metadata", (_name, metadataSize, message) => {
    const { local, stream, events, served } = start();
    served();
    local.answer({ ...stream, metadataSize }, bytes("a"), false);
    expect(events).toEqual({ handler: [], caller: [`RESOURCE_EXHAUSTED ${message}`] });
  });
});

test("a method that the server does not serve fails, until it is added", () => {
  const { local, stream, events, served } = start({ method: { borrows: true } });
  local.answer(stream, bytes("a"), false).onHalfClose();
  local.open(stream).onMessage(bytes("a"), false);
  const fault = `UNIMPLEMENTED The server does not implement the method ${path}`;
  expect([events.caller, local.borrows]).toEqual([[fault, fault], false]);
  served();
  local.answer(stream, bytes("a"), false);
  expect([events.handler, local.borrows]).toEqual([["a"], true]);
});

test("a closed channel and a server that shuts down reject calls", () => {
  const { channel, transport, local, stream, events, served } = start();
  served();
  channel.close();
  local.answer(stream, bytes("a"), false);
  void transport.drain();
  const other = localMethod(new InProcessChannel(transport), path);
  other?.answer(stream, bytes("a"), false);
  expect(events).toEqual({
    handler: [],
    caller: ["CANCELLED the channel to in-process is closed (local)", "UNAVAILABLE the server is shutting down"],
  });
});

test("drain waits for calls, and destroy ends them on both sides", async () => {
  const { transport, local, stream, events, served, stream0 } = start({ method: { requestStream: true } });
  served();
  local.open(stream);
  const second = local.open(stream);
  const third = local.open(stream);
  let drained = false;
  const done = transport.drain().then(() => {
    drained = true;
  });
  stream0().end(undefined, undefined, false);
  second.onCancel({ code: Code.CANCELLED, message: "gone", metadata: undefined });
  await Promise.resolve();
  expect([drained, transport.unsent()]).toEqual([false, []]);
  transport.destroy();
  await done;
  third.onHalfClose();
  expect(events.caller).toEqual(["OK", `UNAVAILABLE the server ended during ${path}`]);
  expect(events.handler.slice(3)).toEqual(["CANCELLED gone", "CANCELLED the server ended"]);
});

test("a channel that leaves the process has no local methods", () => {
  using channel = createChannel("127.0.0.1:1");
  expect(localMethod(channel, path)).toBeUndefined();
});
