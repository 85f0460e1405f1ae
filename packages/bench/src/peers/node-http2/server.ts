// node:http2 without gRPC, with prepared responses: the cost of the protocol. It uses header
// arrays, and writes a whole response in one turn, which is fastest.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createSecureServer, createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { fromBinary } from "@bufbuild/protobuf";
import { AmountSchema } from "../../../gen/es/bench/bench_pb.js";
import { headersOf } from "../../echoes/node-http2/tuning.ts";
import { pathOf, responses } from "../../messages/calls.ts";
import { helloFrame } from "../../messages/frame.ts";
import type { ServePeer } from "../peer.ts";

const ok = headersOf({ ":status": "200", "content-type": "application/grpc" });
const withTrailers = { waitForTrailers: true };

const handlers: Readonly<Record<string, (stream: ServerHttp2Stream) => void>> = {
  [pathOf("Say")]: (stream) => constant(stream, responses.Say),
  [pathOf("Echo")]: (stream) => constant(stream, responses.Echo),
  [pathOf("Gather")]: (stream) => constant(stream, responses.Gather),
  [pathOf("Count")](stream) {
    stream.respond(ok, withTrailers);
    stream.once("data", async (request: Buffer) => {
      const { count } = fromBinary(AmountSchema, request.subarray(5));
      for (let i = 0; i < count && !stream.destroyed; i++) {
        if (!stream.write(helloFrame)) await once(stream, "drain");
      }
      stream.end();
    });
  },
  [pathOf("Chat")](stream) {
    stream.respond(ok, withTrailers);
    stream.on("data", (chunk: Buffer) => stream.write(chunk));
    stream.on("end", () => stream.end());
  },
};

function constant(stream: ServerHttp2Stream, response: Buffer): void {
  stream.resume();
  stream.on("end", () => {
    stream.respond(ok, withTrailers);
    stream.end(response);
  });
}

function sendTrailers(this: ServerHttp2Stream): void {
  this.sendTrailers({ "grpc-status": "0" });
}

const ignore = () => {};

export const serve: ServePeer = async (tls) => {
  const server = tls ? createSecureServer({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) }) : createServer();
  server.on("stream", (stream, { ":path": path = "" }) => {
    stream.on("error", ignore);
    stream.on("wantTrailers", sendTrailers);
    handlers[path]?.(stream);
  });
  // The client disconnected.
  server.on("sessionError", ignore);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { ready: (server.address() as AddressInfo).port };
};
