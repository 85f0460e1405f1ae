// gRPC-Web by its bytes (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md), and with the
// client of protobuf-ts.
import * as zlib from "node:zlib";
import { GrpcWebFetchTransport } from "@protobuf-ts/grpcweb-transport";
import { MessageType, ScalarType } from "@protobuf-ts/runtime";
import { type MethodInfo, RpcError, ServiceType } from "@protobuf-ts/runtime-rpc";
import { describe, expect, test } from "vitest";
import { callsServer, until } from "./calls.ts";
import { startGateway, transports } from "./gateway.ts";

const base = "/grpc_study.gateway_test.Calls";
const proto = "application/grpc-web+proto";
const text = "application/grpc-web-text";

async function start(options: Parameters<typeof startGateway>[1] = {}) {
  const { implementation, seen } = callsServer();
  const { url } = await startGateway(implementation, options);
  const post = async (method: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) => {
    const all = { "content-type": proto, "x-grpc-web": "1", ...headers };
    const response = await fetch(`${url}${base}/${method}`, { method: "POST", body, headers: all });
    return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
  };
  return { post, seen, url };
}

/** An envelope of hexadecimal bytes. */
function frame(flags: number, hex: string): Buffer<ArrayBuffer> {
  return Buffer.concat([Buffer.from([flags, 0, 0, 0, hex.length / 2]), Buffer.from(hex, "hex")]);
}

/** The messages of a body as hexadecimal bytes, and its trailers. */
function parts(body: Buffer): { messages: string[]; trailers: string } {
  const messages: string[] = [];
  let trailers = "";
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    if (trailers !== "") throw new Error("a frame follows the trailers");
    if (body[at] === 0x80) trailers = body.toString("latin1", at + 5, end);
    else messages.push(body.toString("hex", at + 5, end));
    at = end;
  }
  return { messages, trailers };
}

test("a unary call has a message, and trailers in the last frame", async () => {
  const { post } = await start();
  const { status, headers, bytes } = await post("Echo", frame(0, "0a0161"), { "x-echo": "h", "t-echo": "t", "t-echo-bin": "AQ==" });
  expect([status, headers.get("content-type"), headers.get("x-echo")]).toEqual([200, proto, "h"]);
  expect(parts(bytes)).toEqual({ messages: ["0a0161"], trailers: "grpc-status: 0\r\nt-echo: t\r\nt-echo-bin: AQ\r\n" });
});

test("the JSON form has the same frames", async () => {
  const { post } = await start();
  const body = frame(0, Buffer.from('{"text":"a"}').toString("hex"));
  const { headers, bytes } = await post("Echo", body, { "content-type": "application/grpc-web+json" });
  expect(headers.get("content-type")).toBe("application/grpc-web+json");
  expect(parts(bytes).messages.map((hex) => Buffer.from(hex, "hex").toString())).toEqual(['{"text":"a"}']);
});

test("text is base64, and a request may have several padded pieces", async () => {
  const { post } = await start();
  const bytes = frame(0, "0a03616263");
  const pieces = [bytes.subarray(0, 1), bytes.subarray(1, 6), bytes.subarray(6)].map((piece) => piece.toString("base64"));
  for (const body of [bytes.toString("base64"), pieces.join("")]) {
    const response = await post("Echo", body, { "content-type": text, accept: text });
    expect(response.headers.get("content-type")).toBe(text);
    expect(parts(Buffer.from(response.bytes.toString(), "base64"))).toEqual({ messages: ["0a03616263"], trailers: "grpc-status: 0\r\n" });
  }
  const stream = await post("Repeat", frame(0, "1002").toString("base64"), { "content-type": text });
  const decoded = (stream.bytes.toString().match(/[^=]+={0,2}/g) ?? []).map((piece) => Buffer.from(piece, "base64"));
  expect(parts(Buffer.concat(decoded)).messages).toEqual(["1001", "1002"]);
});

test.each([
  ["a request that fails", "Echo", frame(0, "2005"), {}, "grpc-status: 5\r\n"],
  ["an unknown method", "Nothing", frame(0, ""), {}, "grpc-status: 12\r\n"],
  ["no message", "Echo", Buffer.alloc(0), {}, "grpc-status: 12\r\n"],
  ["two messages", "Repeat", Buffer.concat([frame(0, ""), frame(0, "")]), {}, "grpc-status: 12\r\n"],
  ["trailers in a request", "Join", frame(0x80, ""), {}, "grpc-status: 3\r\n"],
  ["a part of a message", "Join", frame(0, "0a0161").subarray(0, 6), {}, "grpc-status: 3\r\n"],
  ["malformed base64", "Join", Buffer.from("====AAAA"), { "content-type": text }, "grpc-status: 3\r\n"],
  ["another codec", "Echo", frame(0, ""), { "content-type": "application/grpc-web+thrift" }, "grpc-status: 12\r\n"],
  ["a malformed timeout", "Echo", frame(0, ""), { "grpc-timeout": "1x" }, "grpc-status: 3\r\n"],
  ["no time left", "Echo", frame(0, ""), { "grpc-timeout": "0m" }, "grpc-status: 4\r\n"],
  ["an unknown encoding", "Echo", frame(1, ""), { "grpc-encoding": "snappy" }, "grpc-status: 12\r\n"],
  ["a compressed message without an encoding", "Echo", frame(1, "00"), {}, "grpc-status: 13\r\n"],
] as const)("%s is an error in the trailers, with status 200", async (_what, method, body, headers, trailers) => {
  const { post } = await start();
  const { status, bytes } = await post(method, body, headers);
  const decoded = "content-type" in headers && headers["content-type"] === text ? Buffer.from(bytes.toString(), "base64") : bytes;
  expect(status).toBe(200);
  const { messages, trailers: received } = parts(decoded);
  expect(messages).toEqual([]);
  expect(received.startsWith(trailers)).toBe(true);
});

test("messages and whole bodies may be compressed with gzip", async () => {
  const { post } = await start();
  const message = frame(1, zlib.gzipSync(Buffer.from("0a0161", "hex")).toString("hex"));
  expect(parts((await post("Echo", message, { "grpc-encoding": "gzip" })).bytes).messages).toEqual(["0a0161"]);
  for (const method of ["Echo", "Join"]) {
    const body = zlib.gzipSync(frame(0, "0a0161"));
    expect(parts((await post(method, body, { "content-encoding": "gzip" })).bytes).trailers).toBe("grpc-status: 0\r\n");
  }
  const broken = await post("Join", frame(0, "0a0161"), { "content-encoding": "gzip" });
  expect(parts(broken.bytes).trailers).toMatch(/^grpc-status: 3\r\ngrpc-message: the body is not gzip: /);
  const large = await post("Echo", frame(0, "30d00f"), { "grpc-accept-encoding": "gzip" });
  expect([large.headers.get("grpc-encoding"), large.bytes[0]]).toEqual(["gzip", 1]);
});

interface Note {
  text: string;
  count: number;
  code: number;
}

const note = new MessageType<Note>("grpc_study.gateway_test.Note", [
  { no: 1, name: "text", kind: "scalar", T: ScalarType.STRING },
  { no: 2, name: "count", kind: "scalar", T: ScalarType.INT32 },
  { no: 4, name: "code", kind: "scalar", T: ScalarType.INT32 },
]);
const service = new ServiceType("grpc_study.gateway_test.Calls", [
  { name: "Echo", I: note, O: note, options: {} },
  { name: "Repeat", serverStreaming: true, I: note, O: note, options: {} },
]);
const [echo, repeat] = service.methods as [MethodInfo<Note, Note>, MethodInfo<Note, Note>];

describe.each(transports)("protobuf-ts, %s", (transport) => {
  describe.each(["binary", "text"] as const)("%s", (format) => {
    test("unary calls and server streams have messages, metadata and errors", async () => {
      const { url, seen } = await start({ transport });
      const client = new GrpcWebFetchTransport({ baseUrl: url, format });
      const meta = { "x-echo": "h", "t-echo": "t" };
      const call = await client.unary(echo, { text: "größer", count: 1, code: 0 }, client.mergeOptions({ meta, timeout: 60_000 }));
      expect(call.response).toMatchObject({ text: "größer", count: 1 });
      expect(call.headers["x-echo"]).toBe("h");
      expect(call.trailers["t-echo"]).toBe("t");
      expect(seen.timeLeftMs).toBeGreaterThan(50_000);

      const counts: number[] = [];
      for await (const { count } of client.serverStreaming(repeat, { text: "", count: 3, code: 0 }, client.mergeOptions()).responses)
        counts.push(count);
      expect(counts).toEqual([1, 2, 3]);

      const failed = client.serverStreaming(repeat, { text: "too late", count: 1, code: 9 }, client.mergeOptions({ meta }));
      const error = await Array.fromAsync(failed.responses).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(RpcError);
      expect(error).toMatchObject({ code: "FAILED_PRECONDITION", message: "too late", meta: { "t-echo": "t" } });
    });

    test("a client that aborts cancels the call", async () => {
      const { url, seen } = await start({ transport });
      const client = new GrpcWebFetchTransport({ baseUrl: url, format });
      const controller = new AbortController();
      const call = client.serverStreaming(repeat, { text: "hang", count: 1, code: 0 }, client.mergeOptions({ abort: controller.signal }));
      const reading = Array.fromAsync(call.responses).catch((reason: unknown) => reason);
      await until(() => seen.responses === 1);
      controller.abort();
      expect(await reading).toMatchObject({ code: "CANCELLED" });
      await until(() => seen.ends.length === 1);
      expect(seen.ends).toEqual(["CANCELLED"]);
    });
  });
});
