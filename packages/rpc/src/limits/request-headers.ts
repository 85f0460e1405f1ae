// What of a request's header grpc-js takes and should not: its method, its content type, its timeout, its path.
import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { Code } from "../code.ts";
import { percentEncode } from "../percent-encode.ts";

/** The codec is the only one there is: protobuf. Parameters, as in `application/grpc; charset=utf-8`, change nothing. */
const contentType = /^application\/grpc(\+proto)?[\t ]*(;.*)?$/;

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md: at most eight digits and a unit. */
const timeout = /^\d{1,8}[HMSmun]$/;

/** The longest of Node's timers, in seconds. A longer timeout is as good as this one; grpc-js would make it a negative number. */
const longestTimeout = "2147483S";
const secondsOf: Readonly<Record<string, number>> = { H: 3600, M: 60, S: 1 };

/** How much of a path is repeated to whoever sent it. */
const shownPath = 256;

/** The header that refuses a request, or undefined if it is a call. Shortens a timeout that is too long, in `headers`. */
export function refusal(headers: IncomingHttpHeaders, hasMethod: boolean): OutgoingHttpHeaders | undefined {
  if (headers[":method"] !== "POST") return { ...status(405, Code.INTERNAL, "a call has to be a POST"), allow: "POST" };
  const type = headers["content-type"];
  // grpc-go's order, and PROTOCOL-HTTP2.md: what is not gRPC is answered by HTTP alone.
  if (type !== "application/grpc" && type !== "application/grpc+proto" && (type === undefined || !contentType.test(type))) {
    return { ":status": 415, "accept-post": "application/grpc, application/grpc+proto" };
  }
  const told = headers["grpc-timeout"];
  if (told !== undefined) {
    const value = String(told);
    if (!timeout.test(value)) return status(200, Code.INTERNAL, `malformed grpc-timeout: "${value.slice(0, 32)}"`);
    if (Number.parseInt(value, 10) * (secondsOf[value.at(-1) ?? ""] ?? 0) > 2147483) headers["grpc-timeout"] = longestTimeout;
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
