// node:http2 as fast as its public API allows: no compatibility API, header arrays, HEADERS, DATA
// and trailers written in one turn, and windows as large as the engine's grow. A response before
// the end of the request was slower.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createSecureServer, createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import type { ServePeer } from "../../peers/peer.ts";
import { exchanges, idle, responseFields, trailerFields } from "../exchange.ts";
import { headersOf, windowSize } from "./tuning.ts";

const ok = headersOf({ ":status": "200", ...responseFields });
const withTrailers = { waitForTrailers: true };

const handlers: Readonly<Record<string, (stream: ServerHttp2Stream) => void>> = {
  [exchanges.echo.path](stream) {
    let body: Buffer | undefined;
    stream.on("data", (chunk: Buffer) => {
      body = body === undefined ? chunk : Buffer.concat([body, chunk]);
    });
    stream.on("end", () => respond(stream, body));
  },
  [exchanges.upload.path]: (stream) => constant(stream, exchanges.upload.response),
  [exchanges.download.path]: (stream) => constant(stream, exchanges.download.response),
  [idle.path](stream) {
    stream.respond(ok, withTrailers);
    stream.on("data", (chunk: Buffer) => stream.write(chunk));
    stream.on("end", () => stream.end());
  },
};

function constant(stream: ServerHttp2Stream, response: Buffer): void {
  stream.resume();
  stream.on("end", () => respond(stream, response));
}

function respond(stream: ServerHttp2Stream, body: Buffer | undefined): void {
  stream.respond(ok, withTrailers);
  stream.end(body);
}

function sendTrailers(this: ServerHttp2Stream): void {
  this.sendTrailers(trailerFields);
}

const ignore = () => {};

export const serve: ServePeer = async (tls) => {
  const settings = { initialWindowSize: windowSize };
  const server = tls
    ? createSecureServer({ settings, cert: readFileSync(tls.cert), key: readFileSync(tls.key) })
    : createServer({ settings });
  server.on("session", (session) => session.setLocalWindowSize(windowSize));
  server.on("stream", (stream, { ":path": path = "" }) => {
    stream.on("error", ignore);
    stream.on("wantTrailers", sendTrailers);
    const handler = handlers[path];
    if (handler) handler(stream);
    else stream.respond({ ":status": 404 }, { endStream: true });
  });
  // The client disconnected.
  server.on("sessionError", ignore);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { ready: (server.address() as AddressInfo).port };
};
