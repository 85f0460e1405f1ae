// What grpc-js cannot do (unsupported.ts), beside the correct behaviour of HTTP/2. If a test fails
// because grpc-js has learned something, remove its line from that list.
import { createServer as createHttp2Server, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import * as grpc from "@grpc/grpc-js";
import { describe, expect, onTestFinished, test } from "vitest";
import { everyKind, failureOf, serveBy, startBy, TestService } from "../../../test/harness.ts";
import { frame, Peer } from "../../../test/http2-peer.ts";
import { Code, createChannel, createClient, createServer, implement, type Metadata } from "../../index.ts";
import { grpcJsChannel } from "./channel.ts";
import { grpcJsTransport } from "./server-transport.ts";

type Transport = "http2" | "grpc-js";

/** Clients of both transports for a server of node:http2 with its own answers. */
async function clientsOf(respond: (stream: ServerHttp2Stream) => void) {
  const server = createHttp2Server();
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session.on("error", () => {})));
  server.on("stream", (stream) => respond(stream.on("error", () => {})));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const at = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const grpcChannel = new grpc.Channel(at, grpc.credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  const channels = { http2: createChannel(at), "grpc-js": grpcJsChannel(grpcChannel) };
  onTestFinished(() => {
    for (const channel of Object.values(channels)) channel.close();
    for (const session of sessions) session.destroy();
    server.close();
  });
  return (transport: Transport) => createClient(TestService, channels[transport], { defaults: { timeoutMs: 10_000 } });
}

function answer(header: OutgoingHttpHeaders, bytes: Buffer, trailer: OutgoingHttpHeaders) {
  return (stream: ServerHttp2Stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc", ...header }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers(trailer));
    stream.end(bytes);
  };
}

const ok = { "grpc-status": "0" };
/** Defines an own property; a literal would set the prototype. */
const proto = (value: string) => ({ ["__proto__"]: value });

describe("responses", () => {
  test.each<[string, ReturnType<typeof answer>, http2: object, grpcJs: object]>([
    ["a flag of 2", answer({}, frame(Buffer.alloc(0), 2), ok), { code: Code.INTERNAL }, { text: "" }],
    ["an empty grpc-status", answer({}, frame(), { "grpc-status": "" }), { code: Code.UNKNOWN }, { text: "" }],
    ["a grpc-status of 00", answer({}, frame(), { "grpc-status": "00" }), { code: Code.UNKNOWN }, { text: "" }],
    ["a grpc-status of 0x5", answer({}, frame(), { "grpc-status": "0x5" }), { code: Code.UNKNOWN }, { code: Code.NOT_FOUND }],
    ["an unknown encoding", answer({ "grpc-encoding": "zstd" }, frame(), ok), { code: Code.INTERNAL }, { text: "" }],
    [
      "an unknown encoding that is used",
      answer({ "grpc-encoding": "zstd" }, frame(Buffer.from("x"), 1), ok),
      { code: Code.INTERNAL },
      { code: Code.INTERNAL, message: expect.stringContaining("/test.v1.TestService/Unary cannot be decompressed") },
    ],
    [
      "a compressed message without an encoding",
      answer({}, frame(gzipSync(""), 1), ok),
      { code: Code.INTERNAL },
      { code: Code.INTERNAL, message: expect.stringContaining("cannot be decompressed") },
    ],
  ])("%s", async (_, respond, http2, grpcJs) => {
    const client = await clientsOf(respond);
    const outcome = (transport: Transport) =>
      client(transport)
        .unary({})
        .catch((error: unknown) => error);
    expect(await outcome("http2")).toMatchObject(http2);
    expect(await outcome("grpc-js")).toMatchObject(grpcJs);
  });

  test("the metadata key __proto__", async () => {
    const client = await clientsOf(answer(proto("header"), frame(), { ...ok, ...proto("trailer") }));
    for (const [transport, header, trailer] of [
      ["http2", "header", "trailer"],
      ["grpc-js", undefined, undefined],
    ] as const) {
      const seen: (string | undefined)[] = [];
      const keep = (metadata: Metadata) => void seen.push(metadata.get("__proto__"));
      await client(transport).unary({}, { onHeader: keep, onTrailer: keep });
      expect(seen, transport).toEqual([header, trailer]);
    }
  });
});

describe("requests", () => {
  test.each<[string, OutgoingHttpHeaders, Buffer, http2: Code, grpcJs: Code]>([
    ["a flag of 2", {}, frame(Buffer.alloc(0), 2), Code.INTERNAL, Code.OK],
    ["an unknown encoding", { "grpc-encoding": "zstd" }, frame(), Code.UNIMPLEMENTED, Code.OK],
    ["an unknown encoding that is used", { "grpc-encoding": "zstd" }, frame(Buffer.from("x"), 1), Code.UNIMPLEMENTED, Code.UNIMPLEMENTED],
    ["a compressed message without an encoding", {}, frame(gzipSync(""), 1), Code.INTERNAL, Code.INTERNAL],
  ])("%s", async (_, headers, body, http2, grpcJs) => {
    for (const [transport, status] of [
      ["http2", http2],
      ["grpc-js", grpcJs],
    ] as const) {
      const server = createServer(transport === "grpc-js" ? { transport: grpcJsTransport() } : {});
      server.add(
        implement(
          TestService,
          everyKind(() => "fine"),
        ),
      );
      onTestFinished(() => void server.shutdown({ graceMs: 0, abortMs: 0 }));
      const call = new Peer((await server.listen("127.0.0.1:0")).address).call("Unary", headers);
      call.stream.end(body);
      expect((await call.ended)["grpc-status"], transport).toBe(String(status));
    }
  });

  test("the metadata key __proto__ is sent by http2, and rejected by grpc-js", async () => {
    const handlers = everyKind(({ metadata }) => metadata.get("__proto__") ?? "lost");
    const metadata = proto("kept");
    expect((await (await startBy("http2", handlers)).client.unary({}, { metadata })).text).toBe("kept");
    expect(await failureOf((await startBy("grpc-js", handlers)).client.unary({}, { metadata }))).toMatchObject({
      code: Code.UNIMPLEMENTED,
      message: 'grpc-js loses the metadata key "__proto__": leave it out, or use the http2 transport',
    });
  });

  test("a grpc-js server loses the metadata key __proto__ of a request", async () => {
    for (const [transport, text] of [
      ["http2", "kept"],
      ["grpc-js", "lost"],
    ] as const) {
      const { server } = await serveBy(transport);
      server.add(
        implement(
          TestService,
          everyKind(({ metadata }) => metadata.get("__proto__") ?? "lost"),
        ),
      );
      const call = new Peer((await server.listen("127.0.0.1:0")).address).call("Unary", proto("kept"));
      const body: Buffer[] = [];
      call.stream.on("data", (chunk: Buffer) => body.push(chunk));
      call.stream.end(frame());
      await call.ended;
      expect(Buffer.concat(body).toString(), transport).toContain(text);
    }
  });
});
