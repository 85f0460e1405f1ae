// Foreign servers: grpc-js, and nghttpd, which does not know gRPC.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Metadata as GrpcMetadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { expect, onTestFinished, test } from "vitest";
import { dialTo, methods, statusOf, TestCall } from "../../../../test/attempts.ts";
import { Code } from "../../../protocol/code.ts";
import { Metadata } from "../../../protocol/metadata.ts";
import type { Connection } from "../../connection.ts";

const same = (bytes: Buffer) => bytes;
const definition = (kind: keyof typeof methods) => ({
  ...methods[kind],
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});

/** A grpc-js server that echoes its requests. */
async function grpcJs(): Promise<{ readonly target: string; readonly server: Server }> {
  const server = new Server({ "grpc.max_receive_message_length": -1 });
  server.addService(
    { unary: definition("unary"), bidiStream: definition("bidiStream") },
    {
      unary({ request, metadata }: ServerUnaryCall<Buffer, Buffer>, respond: sendUnaryData<Buffer>) {
        const trailer = new GrpcMetadata();
        for (const value of metadata.get("x-echo")) trailer.add("x-echo", value);
        for (const value of metadata.get("x-echo-bin")) trailer.add("x-echo-bin", value);
        if (request.toString() === "fail") respond({ code: Code.NOT_FOUND, details: "gone? #1 100% 你😀" }, null, trailer);
        else respond(null, request, trailer);
      },
      bidiStream(call: ServerDuplexStream<Buffer, Buffer>) {
        call.on("data", (request: Buffer) => call.write(request));
        call.on("end", () => call.end());
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  onTestFinished(() => server.forceShutdown());
  return { target: `127.0.0.1:${port}`, server };
}

test("grpc-js: exchanges messages of all sizes, compressed and uncompressed, metadata and statuses", async () => {
  const { target } = await grpcJs();
  const connection = await dialTo(target, { limits: { maxReceiveMessageBytes: Number.POSITIVE_INFINITY } });
  const metadata = new Metadata({ "x-echo": ["a", "b"], "x-echo-bin": new Uint8Array([0, 255]) });
  for (const size of [0, 1, 16_379, 16_380, 100_000, 6_000_000]) {
    for (const compression of ["identity", "gzip", "deflate"] as const) {
      const call = new TestCall(connection, "unary", { request: Buffer.alloc(size, "message "), compression, metadata });
      const { status } = await call.ended;
      expect(status.code).toBe(Code.OK);
      expect(call.messages[0]?.equals(Buffer.alloc(size, "message "))).toBe(true);
      // grpc-js joins received values.
      expect(status.metadata?.getAll("x-echo")).toEqual(["a, b"]);
      expect(status.metadata?.getBytes("x-echo-bin")).toEqual(Buffer.from([0, 255]));
    }
  }
  const failed = await statusOf(connection, "unary", { request: Buffer.from("fail") });
  expect(failed).toMatchObject({ code: Code.NOT_FOUND, message: "gone? #1 100% 你😀" });
  expect(await statusOf(connection, "serverStream")).toMatchObject({ code: Code.UNIMPLEMENTED });
  const stream = new TestCall(connection, "bidiStream");
  const requests = Array.from({ length: 1_000 }, (_, index) => Buffer.alloc(index % 50, String(index)));
  for (const request of requests) stream.stream.send(request, true);
  stream.stream.halfClose();
  expect((await stream.ended).status.code).toBe(Code.OK);
  expect(Buffer.concat(stream.messages).equals(Buffer.concat(requests))).toBe(true);
});

test("grpc-js: calls finish while the server shuts down", async () => {
  const { target, server } = await grpcJs();
  const connection = await dialTo(target, { limits: { keepaliveTimeMs: 50, keepaliveTimeoutMs: 200 } });
  const call = new TestCall(connection, "bidiStream");
  call.stream.send(Buffer.from("one"), true);
  await expect.poll(() => call.texts).toEqual(["one"]);
  server.tryShutdown(() => {});
  await expect.poll(() => connection.draining).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 400));
  call.stream.send(Buffer.from("two"), true);
  call.stream.halfClose();
  expect((await call.ended).status.code).toBe(Code.OK);
  expect(call.texts).toEqual(["one", "two"]);
});

const hasNghttpd = spawnSync("nghttpd", ["--version"]).status === 0;

test.skipIf(!hasNghttpd)("nghttpd, if it is installed: the error describes the foreign response", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nghttpd-"));
  writeFileSync(join(folder, "index.html"), "<p>hello</p>");
  const port = await new Promise<number>((resolve) => {
    const probe = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });
  const process = spawn("nghttpd", ["--no-tls", "-a", "127.0.0.1", "-d", folder, String(port)], { stdio: "ignore" });
  onTestFinished(() => {
    process.kill();
    rmSync(folder, { recursive: true });
  });
  const connections: Connection[] = [];
  await expect.poll(() => dialTo(`127.0.0.1:${port}`).then((made) => connections.push(made), String)).toBe(1);
  const [connection] = connections;
  if (connection === undefined) throw new Error("unreachable");
  expect(await statusOf(connection, "unary")).toMatchObject({
    code: Code.UNIMPLEMENTED,
    message: expect.stringMatching(
      /^the response to \/test\.v1\.TestService\/Unary is not gRPC: HTTP status 404 with the content type "text\/html.*": <html>/,
    ),
  });
  const index = { path: "/index.html", requestStream: false, responseStream: false };
  expect(await statusOf(connection, "unary", { method: index })).toMatchObject({
    code: Code.UNKNOWN,
    message: expect.stringMatching(/HTTP status 200 .*: <p>hello<\/p>$/),
  });
});
