// The statuses of calls whose response has no status of its own. The messages name the method.
import { ErrorCode, errorCodeName, type HeaderList, Http2Error, type StreamReset } from "@grpc-study/http2";
import { Code } from "../../../protocol/code.ts";
import { notGrpc } from "../../../protocol/content-type.ts";
import type { Status } from "../../../protocol/status.ts";
import { steadyNow } from "../../../steady-clock.ts";

/** A status that this side creates. It has a `cause`, which a status from a server never has. */
export class LocalStatus implements Status {
  readonly code: Code;
  readonly message: string;
  readonly metadata = undefined;
  readonly cause: unknown;

  constructor(code: Code, message: string, cause: unknown = new Error(message)) {
    this.code = code;
    this.message = message;
    this.cause = cause;
  }
}

/** The codes for resets (PROTOCOL-HTTP2.md, Errors). Any other reset is INTERNAL. */
const resetCodes = new Map<number, Code>([
  [ErrorCode.REFUSED_STREAM, Code.UNAVAILABLE],
  [ErrorCode.CANCEL, Code.CANCELLED],
  [ErrorCode.ENHANCE_YOUR_CALM, Code.RESOURCE_EXHAUSTED],
  [ErrorCode.INADEQUATE_SECURITY, Code.PERMISSION_DENIED],
]);

/**
 * Returns the status of a call whose stream was reset. Only messages with UNAVAILABLE name the
 * target, because others may be shown to users who must not know it.
 */
export function resetStatus(reset: StreamReset, path: string, target: string, deadline: number): Status {
  const cause = new Error(reset.message);
  const status = (code: Code, message: string) => new LocalStatus(code, message, cause);
  const { code, source } = reset;
  if (source === "connection") {
    if (reset.unprocessed) return status(Code.UNAVAILABLE, `${target} closed its connection before it accepted ${path}`);
    return status(Code.UNAVAILABLE, `the connection to ${target} was lost during ${path}`);
  }
  const mapped = resetCodes.get(code) ?? Code.INTERNAL;
  if (source === "protocol") {
    if (code === ErrorCode.ENHANCE_YOUR_CALM) return status(mapped, `the response of ${path} is too large: ${reset.message}`);
    return status(Code.INTERNAL, `the response of ${path} is not valid HTTP/2: ${reset.message}`);
  }
  if (source === "local") return status(code === ErrorCode.ENHANCE_YOUR_CALM ? mapped : Code.INTERNAL, `${path} failed: ${reset.message}`);
  switch (code) {
    case ErrorCode.NO_ERROR:
      return status(mapped, `the server ended ${path} without a status`);
    case ErrorCode.REFUSED_STREAM:
      return status(mapped, `${target} refused ${path}: it takes no more calls at the moment`);
    case ErrorCode.CANCEL:
      // The server resets the stream when the deadline passes.
      if (deadline <= steadyNow()) return status(Code.DEADLINE_EXCEEDED, `deadline exceeded: ${path} did not end in time`);
      return status(mapped, `the server cancelled ${path}`);
    case ErrorCode.ENHANCE_YOUR_CALM:
      return status(mapped, `the server reset ${path} with ENHANCE_YOUR_CALM: it has a limit for calls or for metadata`);
    case ErrorCode.INADEQUATE_SECURITY:
      return status(mapped, `the server reset ${path} with INADEQUATE_SECURITY: it requires better TLS`);
    default:
      return status(mapped, `the server reset ${path} with ${code <= 0xd ? errorCodeName(code) : `the code ${code}`}`);
  }
}

/**
 * Returns the status of a call whose request the engine rejects: it is malformed, larger than the
 * server allows, or exceeds the concurrent streams.
 */
export function unsendableStatus(error: unknown, path: string, target: string): Status {
  if (error instanceof TypeError) return new LocalStatus(Code.INVALID_ARGUMENT, `${path} cannot be sent: ${error.message}`, error);
  if (!(error instanceof Http2Error)) throw error;
  if (error.code !== ErrorCode.REFUSED_STREAM)
    return new LocalStatus(Code.RESOURCE_EXHAUSTED, `${path} cannot be sent: ${error.message}`, error);
  return new LocalStatus(Code.UNAVAILABLE, `the connection to ${target} takes no more calls`, error);
}

/** Returns the status of a call with a request over the limit. */
export function tooLargeStatus(bytes: number, limit: number): Status {
  return new LocalStatus(Code.RESOURCE_EXHAUSTED, `a request has ${bytes} bytes, and maxSendMessageBytes is ${limit}`);
}

/** Returns the status of a response without `grpc-status`. */
export function missingStatus(path: string): Status {
  return new LocalStatus(Code.UNKNOWN, `${path} ended without a status`);
}

/**
 * The codes for HTTP statuses
 * (https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md). Any other HTTP status
 * is UNKNOWN.
 */
const httpCodes = new Map<number, Code>([
  [400, Code.INTERNAL],
  [401, Code.UNAUTHENTICATED],
  [403, Code.PERMISSION_DENIED],
  [404, Code.UNIMPLEMENTED],
  [429, Code.UNAVAILABLE],
  [502, Code.UNAVAILABLE],
  [503, Code.UNAVAILABLE],
  [504, Code.UNAVAILABLE],
]);

/**
 * Returns the status of a response that is not gRPC.
 *
 * @param text the beginning of its body, if it is text.
 */
export function foreignStatus(path: string, header: HeaderList, text: string): Status {
  const { status = 0 } = header;
  const said = text === "" ? "" : `: ${text}`;
  return new LocalStatus(httpCodes.get(status) ?? Code.UNKNOWN, notGrpc(path, status, header.get("content-type")) + said);
}
