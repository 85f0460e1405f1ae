// Checks each server and client of the group `http2` for correct responses. Timing does not matter.
import { once } from "node:events";
import { constants, createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { makeCertificates } from "../groups/certificates.ts";
import { buildGrpcGo } from "../peers/grpc-go/build.ts";
import type { GrpcGo } from "../peers/grpc-go/server.ts";
import { start } from "../process/start.ts";
import { exchanges } from "./exchange.ts";

const names = Object.keys(exchanges);
const timeout = 180_000;

const startClient = (peer: string) => start<null>("load", "echoes/client-process.js", peer);

test.each(["engine", "node-http2"])("%s serves every client, with and without TLS", { timeout }, async (peer) => {
  const certificates = await makeCertificates();
  for (const tls of [null, certificates]) {
    await using server = await start<number>("server", `echoes/${peer}/server.js`, tls);
    for (const one of ["engine", "node-http2"]) {
      await using client = await startClient(one);
      const target = { port: server.ready, ca: tls?.ca ?? null };
      await client.ask("check", { ...target, names });
      expect(
        await client.ask("throughput", { ...target, exchange: "echo", connections: 2, inFlight: 4, milliseconds: 500 }),
      ).toBeGreaterThan(0);
    }
  }
});

test.each(["engine", "node-http2"])("%s keeps idle streams open until they are released", { timeout }, async (peer) => {
  await using server = await start<number>("server", `echoes/${peer}/server.js`, null);
  await using client = await startClient("engine");
  await client.ask("hold", { port: server.ready, ca: null, streams: 150 });
  await client.ask("release");
});

test("plain TCP serves its client", { timeout }, async () => {
  await using server = await start<number>("server", "echoes/net/server.js", null);
  await using client = await startClient("net");
  await client.ask("check", { port: server.ready, ca: null, names });
});

const wrongResponses: Readonly<Record<string, (stream: ServerHttp2Stream) => void>> = {
  "without a body": (stream) => stream.respond({ ":status": 200 }, { endStream: true }),
  "with an error status": (stream) => respond(stream, 503, "0", exchanges.echo.response),
  "with a gRPC error": (stream) => respond(stream, 200, "13", exchanges.echo.response),
  "a byte short": (stream) => respond(stream, 200, "0", exchanges.echo.response.subarray(1)),
  "with wrong bytes": (stream) => respond(stream, 200, "0", Buffer.alloc(exchanges.echo.response.length)),
  "that is reset": (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
};

function respond(stream: ServerHttp2Stream, status: number, grpcStatus: string, body: Buffer): void {
  stream.respond({ ":status": status }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": grpcStatus }));
  stream.end(body);
}

test.each(["engine", "node-http2"])("a wrong response fails the run of %s", { timeout }, async (peer) => {
  await using client = await startClient(peer);
  for (const [what, sendWrongResponse] of Object.entries(wrongResponses)) {
    const server = createServer().on("stream", (stream) => {
      stream.on("error", () => {});
      stream.resume();
      sendWrongResponse(stream);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    await expect(client.ask("check", { port, ca: null, names: ["echo"] }), what).rejects.toThrow();
    server.close();
  }
});

const go = buildGrpcGo();

test.skipIf(go.program === undefined)(`grpc-go serves every client (${go.reason ?? "it is installed"})`, { timeout }, async () => {
  const certificates = await makeCertificates();
  for (const tls of [null, certificates]) {
    await using server = await start<GrpcGo>("server", "peers/grpc-go/server.js", { program: go.program, tls });
    expect(server.ready.versions).toMatch(/^grpc-go \S+, go/);
    for (const one of ["engine", "node-http2"]) {
      await using client = await startClient(one);
      await client.ask("check", { port: server.ready.port, ca: tls?.ca ?? null, names });
    }
  }
});
