// What a request's header has to be: its method, its content type, its timeout, its path.
import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { Code } from "../protocol/code.ts";
import { percentEncode } from "../protocol/percent-encode.ts";
import { parseTimeout } from "../protocol/timeout.ts";

/** The codec is the only one there is: protobuf. Parameters, as in `application/grpc; charset=utf-8`, change nothing. */
const contentType = /^application\/grpc(\+proto)?[\t ]*(;.*)?$/;

/** How much of a path is repeated to whoever sent it. */
const shownPath = 256;

/** The header that refuses a request, or undefined if it is a call. */
export function refusal(headers: IncomingHttpHeaders, hasMethod: boolean): OutgoingHttpHeaders | undefined {
  if (headers[":method"] !== "POST") return { ...status(405, Code.INTERNAL, "a call has to be a POST"), allow: "POST" };
  const type = headers["content-type"];
  // grpc-go's order, and PROTOCOL-HTTP2.md: what is not gRPC is answered by HTTP alone.
  if (type !== "application/grpc" && type !== "application/grpc+proto" && (type === undefined || !contentType.test(type))) {
    return { ":status": 415, "accept-post": "application/grpc, application/grpc+proto" };
  }
  const timeout = headers["grpc-timeout"];
  if (timeout !== undefined && parseTimeout(String(timeout)) === undefined) {
    return status(200, Code.INTERNAL, `malformed grpc-timeout: "${String(timeout).slice(0, 32)}"`);
  }
  if (hasMethod) return undefined;
  const path = headers[":path"]?.slice(0, shownPath) ?? "";
  return status(200, Code.UNIMPLEMENTED, `The server does not implement the method ${path}`);
}

/** Answers, and is done with the stream, whatever the peer still has to send. */
export function refuse(stream: ServerHttp2Stream, header: OutgoingHttpHeaders): void {
  stream.on("error", () => {});
  if (stream.destroyed || stream.closed) return;
  stream.respond(header, { endStream: true });
  stream.close(constants.NGHTTP2_NO_ERROR);
}

function status(http: number, code: Code, message: string): OutgoingHttpHeaders {
  return { ":status": http, "content-type": "application/grpc", "grpc-status": code, "grpc-message": percentEncode(message) };
}
