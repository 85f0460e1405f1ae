// node:http2 alone, with the answers at hand: what the protocol costs without gRPC.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createSecureServer, createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { fromBinary } from "@bufbuild/protobuf";
import { AmountSchema } from "../../../gen/es/bench/bench_pb.js";
import { amountBytes, frame, helloBytes, streamLength, usersBytes } from "../../messages/frame.ts";
import type { ServePeer } from "../peer.ts";

const helloFrame = frame(helloBytes);
const usersFrame = frame(usersBytes);
const amountFrame = frame(amountBytes(streamLength));

const handlers: Readonly<Record<string, (stream: ServerHttp2Stream) => void>> = {
  Say: (stream) => answer(stream, helloFrame),
  Echo: (stream) => answer(stream, usersFrame),
  Gather: (stream) => answer(stream, amountFrame),
  Count(stream) {
    stream.once("data", async (request: Buffer) => {
      const { count } = fromBinary(AmountSchema, request.subarray(5));
      for (let i = 0; i < count && !stream.destroyed; i++) {
        if (!stream.write(helloFrame)) await once(stream, "drain");
      }
      stream.end();
    });
  },
  Chat(stream) {
    stream.on("data", (chunk: Buffer) => stream.write(chunk));
    stream.on("end", () => stream.end());
  },
};

function answer(stream: ServerHttp2Stream, frame: Buffer): void {
  stream.resume();
  stream.on("end", () => stream.end(frame));
}

export const serve: ServePeer = async (tls) => {
  const server = tls ? createSecureServer({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) }) : createServer();
  server.on("stream", (stream, { ":path": path = "" }) => {
    stream.on("error", () => {});
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    handlers[path.slice(path.lastIndexOf("/") + 1)]?.(stream);
  });
  // A client that goes away in the middle.
  server.on("sessionError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { ready: (server.address() as AddressInfo).port };
};
