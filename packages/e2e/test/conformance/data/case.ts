// The types of the suites. The suites are those of https://github.com/connectrpc/conformance
// (internal/app/connectconformance/testsuites/data, Apache License 2.0) that apply to gRPC, in
// another format. The names of suites and cases are the original ones.
import type { Code } from "@grpc-study/rpc";

export type Kind = "unary" | "client-stream" | "server-stream" | "half-duplex" | "full-duplex";

/** Values by name. Names are sent in lower case. */
export type Entries = Readonly<Record<string, readonly string[]>>;

/** The response that the first request asks for. */
export interface Answer {
  readonly header?: Entries;
  readonly trailer?: Entries;
  /** The number of responses. */
  readonly responses?: number;
  readonly error?: {
    readonly code: Code;
    readonly message: string /** Texts, each of which is a `Header` message. */;
    readonly details?: readonly string[];
  };
  /** The delay before each response. */
  readonly delayMs?: number;
}

/** The point at which the caller cancels. */
export type Cancel = { readonly beforeCloseSend: true } | { readonly afterCloseSendMs: number } | { readonly afterResponses: number };

/** A call to the service, from a client to a server. */
export interface CallCase {
  readonly name: string;
  readonly kind: Kind;
  readonly answer: Answer;
  /** The number of requests without `sizes`. Default: 1. */
  readonly requests?: number;
  /** The sizes of the requests, in bytes, relative to the server's limit. */
  readonly sizes?: readonly number[];
  readonly requestHeader?: Entries;
  readonly timeoutMs?: number;
  readonly cancel?: Cancel;
  /** The outcome, if it differs from the requested response. */
  readonly expect?: { readonly code: Code; readonly responses?: number };
}

/** A message, or other bytes in its place, with its flag. */
export interface Frame {
  readonly flag: number;
  readonly bytes: Uint8Array;
}

/** The response that a server sends, independent of the request. */
export interface ResponseCase {
  readonly name: string;
  readonly kind: Kind;
  readonly status?: number;
  readonly header?: Entries;
  readonly frames?: readonly Frame[];
  /** Without trailers, the response ends with its last frame, or with its header. */
  readonly trailer?: Entries;
  readonly expect: {
    /** The expected status: one of these. */
    readonly codes: readonly Code[];
    readonly message?: string;
    readonly responses?: number;
    readonly header?: Entries;
    readonly trailer?: Entries;
  };
}

/** The request that a client sends. */
export interface RequestCase {
  readonly name: string;
  readonly verb?: string;
  readonly path: string;
  readonly header?: Entries;
  readonly frames: readonly Frame[];
  /** The expected status: one of these. */
  readonly codes: readonly Code[];
}
