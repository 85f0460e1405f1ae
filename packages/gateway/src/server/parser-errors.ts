// Responds to what Node's HTTP/1.1 parser rejects.
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { Code } from "@grpc-study/rpc";
import { type ErrorWriter, HttpError } from "../http/errors.ts";

const timedOut = new HttpError(408, Code.DEADLINE_EXCEEDED, "the headers did not arrive in time");
const tooLarge = new HttpError(431, Code.RESOURCE_EXHAUSTED, "the URL and the headers are too large");
const invalid = new HttpError(400, Code.INVALID_ARGUMENT, "malformed HTTP request");

function errorOf(code: string): HttpError | undefined {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return timedOut;
  if (code === "HPE_HEADER_OVERFLOW") return tooLarge;
  // Others are errors of the socket or of TLS.
  return code.startsWith("HPE_") ? invalid : undefined;
}

/** Responds, and closes the connection. No request exists, so it writes to the socket. */
export function rejectUnparsed({ code = "" }: NodeJS.ErrnoException, socket: Duplex, errors: ErrorWriter): void {
  const error = errorOf(code);
  if (error !== undefined && socket.writable) {
    const { status, body } = errors.response(error);
    const headers = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers}\r\n\r\n${body}`);
  }
  socket.destroy();
}
