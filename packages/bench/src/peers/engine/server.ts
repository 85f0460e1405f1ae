// The engine's server without gRPC, with prepared responses: the cost of HTTP/2 in `rpc`, and the
// limit of the load. All clients call it.
import { readFileSync } from "node:fs";
import { createServer, HeaderList, type StreamHandler } from "@grpc-study/http2";
import { pathOf, responses } from "../../messages/calls.ts";
import type { ServePeer } from "../peer.ts";

const ok = HeaderList.response(200, [["content-type", "application/grpc"]]);
const done = HeaderList.trailers([["grpc-status", "0"]]);
const notFound = HeaderList.response(404);

/** Reads the requests, and sends a constant response. */
const constant = (response: Buffer): StreamHandler => ({
  onData(data, endStream, stream) {
    stream.credit(data.length);
    if (endStream) stream.respond(ok, response, done);
  },
});

const echo: StreamHandler = {
  onData(data, endStream, stream) {
    stream.credit(data.length);
    stream.write(data);
    if (endStream) stream.sendTrailers(done);
  },
};

const chatPath = pathOf("Chat");

const handlers: Readonly<Record<string, StreamHandler>> = {
  [pathOf("Say")]: constant(responses.Say),
  [pathOf("Echo")]: constant(responses.Echo),
  [pathOf("Count")]: constant(responses.Count),
  [pathOf("Gather")]: constant(responses.Gather),
  [chatPath]: echo,
};

export const serve: ServePeer = async (tls) => {
  const server = createServer({
    onStream(stream, { path = "" }) {
      const handler = handlers[path];
      if (handler === undefined) stream.respond(notFound);
      else if (path === chatPath) stream.sendHeaders(ok);
      return handler ?? {};
    },
    ...(tls && { tls: { cert: readFileSync(tls.cert), key: readFileSync(tls.key) } }),
  });
  const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
  return { ready: port };
};
