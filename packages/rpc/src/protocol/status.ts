// How a call ends (https://github.com/grpc/grpc/blob/master/doc/statuscodes.md).
import type { Code } from "./code.ts";
import type { Metadata } from "./metadata.ts";

/** The end of a call, as the wire carries it. */
export interface Status {
  readonly code: Code;
  /** The message for people. Empty if there is none. */
  readonly message: string;
  /**
   * The trailer, without the fields of HTTP and of the protocol, except `grpc-status-details-bin`
   * and `grpc-retry-pushback-ms`.
   */
  readonly metadata: Metadata | undefined;
  /**
   * The underlying error, if this side created the status. Undefined if the peer sent it. It never
   * leaves the process.
   */
  readonly cause?: unknown;
}
