// Serves streams of the HTTP/2 engine.
import type { HeaderList, Stream, StreamHandler } from "@grpc-study/rpc/transport";
import type { HttpHandler } from "../http/message.ts";
import { Http2Request } from "./http2-request.ts";
import { Http2Response } from "./http2-response.ts";
import { Proxies, type TrustProxy } from "./proxies.ts";

/** Called for each request of an HTTP/2 connection: the option `onStream` of the engine. */
export type StreamListener = (stream: Stream, headers: HeaderList, endStream: boolean) => StreamHandler;

/** @throws TypeError for a `trustProxy` that is not valid. */
export function streamListener(handler: HttpHandler, options: { readonly trustProxy?: TrustProxy | undefined } = {}): StreamListener {
  const proxies = new Proxies(options.trustProxy);
  return (stream, headers, endStream) => {
    const response = new Http2Response(stream, headers, endStream);
    handler(new Http2Request(stream, headers, response, proxies), response);
    return response;
  };
}
