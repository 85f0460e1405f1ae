// How a call ends (https://github.com/grpc/grpc/blob/master/doc/statuscodes.md).
import type { Code } from "./code.ts";
import type { Metadata } from "./metadata.ts";

/** The end of a call, as the wire carries it. */
export interface Status {
  readonly code: Code;
  /** For people. Empty if there is nothing to say. */
  readonly message: string;
  /** The trailer, without the fields of HTTP and of the protocol, except `grpc-status-details-bin`. */
  readonly metadata: Metadata | undefined;
  /** What led here, if this side made the status; undefined if the peer sent it. It never leaves the process. */
  readonly cause?: unknown;
}
