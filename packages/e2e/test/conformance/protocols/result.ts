// What the client of the tests reports about a call.
import type { Code } from "../../../gen/connectrpc/conformance/v1/config_pb.js";
import type { Error as ConformanceError, ConformancePayload } from "../../../gen/connectrpc/conformance/v1/service_pb.js";

/** Names in lower case and their values. */
export type Fields = Map<string, string[]>;

export interface CallError extends Pick<ConformanceError, "details"> {
  readonly code: Code;
  readonly message: string;
}

export interface CallResult {
  /** The HTTP status. Undefined if there was no response. */
  readonly status: number | undefined;
  readonly header: Fields;
  readonly trailer: Fields;
  readonly payloads: readonly ConformancePayload[];
  readonly error: CallError | undefined;
  /** What is wrong with the bytes of the response, although a client may accept them. */
  readonly feedback: readonly string[];
}
