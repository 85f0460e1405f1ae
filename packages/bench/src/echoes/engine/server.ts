// @grpc-study/http2. One handler object for each path serves all streams.
import { readFileSync } from "node:fs";
import { createServer, HeaderList, type Stream, type StreamHandler } from "@grpc-study/http2";
import type { ServePeer } from "../../peers/peer.ts";
import { exchanges, idle, responseFields, trailerFields } from "../exchange.ts";

const ok = HeaderList.response(200, Object.entries(responseFields));
const done = HeaderList.trailers(Object.entries(trailerFields));
const notFound = HeaderList.response(404);
const empty = Buffer.alloc(0);

/** Echoes the request body. Most requests arrive in one chunk. */
const echo: StreamHandler = {
  onData(data, endStream, stream) {
    stream.credit(data.length);
    const body = stream.data === undefined ? data : Buffer.concat([stream.data as Buffer, data]);
    if (endStream) stream.respond(ok, body, done);
    else stream.data = body;
  },
  onTrailers(_trailers, stream) {
    stream.respond(ok, (stream.data as Buffer | undefined) ?? empty, done);
  },
};

/** Reads the request, and sends a constant response. */
const constant = (response: Buffer): StreamHandler => ({
  onData(data, endStream, stream) {
    stream.credit(data.length);
    if (endStream) stream.respond(ok, response, done);
  },
  onTrailers(_trailers, stream) {
    stream.respond(ok, response, done);
  },
});

const open: StreamHandler = {
  onData(data, endStream, stream) {
    stream.credit(data.length);
    stream.write(data);
    if (endStream) stream.sendTrailers(done);
  },
};

const handlers: Readonly<Record<string, StreamHandler>> = {
  [exchanges.echo.path]: echo,
  [exchanges.upload.path]: constant(exchanges.upload.response),
  [exchanges.download.path]: constant(exchanges.download.response),
  [idle.path]: open,
};

export const serve: ServePeer = async (tls) => {
  const server = createServer({
    onStream(stream, { path = "" }, endStream) {
      const handler = handlers[path] ?? {};
      if (handler === open) stream.sendHeaders(ok);
      else if (endStream || !(path in handlers)) respondNotFound(stream);
      return handler;
    },
    ...(tls && { tls: { cert: readFileSync(tls.cert), key: readFileSync(tls.key) } }),
  });
  const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
  return { ready: port };
};

function respondNotFound(stream: Stream): void {
  stream.respond(notFound);
}
