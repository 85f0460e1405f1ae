// What the three protocols have in common for the client of the tests.
import type { Compression } from "../../../../gen/connectrpc/conformance/v1/config_pb.js";
import { Code } from "../../../../gen/connectrpc/conformance/v1/config_pb.js";
import type { CallError, Fields } from "../result.ts";
import type { HttpHead } from "./http.ts";

/** How a call is encoded. */
export interface Encoding {
  readonly codec: "proto" | "json";
  readonly compression: Compression;
  readonly timeoutMs: number | undefined;
}

/** What a response has besides its messages. Complete once its messages have been read. */
export interface Ending {
  header: Fields;
  trailer: Fields;
  error: CallError | undefined;
  readonly feedback: string[];
}

/** A protocol over one exchange. */
export interface Wire {
  headers(): Fields;
  /** The bytes of one request message. */
  encode(message: Uint8Array): Uint8Array;
  /** The messages of the response, and its ending. */
  decode(head: HttpHead, body: AsyncIterable<Uint8Array>, trailers: () => Fields, ending: Ending): AsyncIterable<Uint8Array>;
}

/** The code of a response without a status of its protocol, by HTTP status. */
export function codeOfStatus(status: number): Code {
  const codes: Readonly<Record<number, Code>> = {
    400: Code.INTERNAL,
    401: Code.UNAUTHENTICATED,
    403: Code.PERMISSION_DENIED,
    404: Code.UNIMPLEMENTED,
    429: Code.UNAVAILABLE,
    502: Code.UNAVAILABLE,
    503: Code.UNAVAILABLE,
    504: Code.UNAVAILABLE,
  };
  return codes[status] ?? Code.UNKNOWN;
}

export function failed(code: Code, message: string): CallError {
  return { code, message, details: [] };
}

export function first(fields: Fields, name: string): string | undefined {
  return fields.get(name)?.[0];
}
