// The types of the test cases. The cases are those suites of
// https://github.com/connectrpc/conformance (internal/app/connectconformance/testsuites/data,
// Apache License 2.0) that apply to gRPC, in our own format. Suites and cases keep their names, so
// that each can be looked up.
import type { Code } from "@grpc-study/rpc";

export type Kind = "unary" | "client-stream" | "server-stream" | "half-duplex" | "full-duplex";

/** Values by header name. Names are in lower case on the wire. */
export type Entries = Readonly<Record<string, readonly string[]>>;

/** The response that the first request asks the server to send. */
export interface Answer {
  readonly header?: Entries;
  readonly trailer?: Entries;
  /** The number of responses. */
  readonly responses?: number;
  readonly error?: {
    readonly code: Code;
    readonly message: string;
    /** Names; the server sends a `Header` message for each as a detail. */
    readonly details?: readonly string[];
  };
  /** The delay before each response. */
  readonly delayMs?: number;
}

/** When the client cancels. */
export type Cancel = { readonly beforeCloseSend: true } | { readonly afterCloseSendMs: number } | { readonly afterResponses: number };

/** A call from a client to a server. */
export interface CallCase {
  readonly name: string;
  readonly kind: Kind;
  readonly answer: Answer;
  /** The number of requests if `sizes` is absent. Default: 1. */
  readonly requests?: number;
  /** The sizes of the requests, in bytes, relative to the server's limit. */
  readonly sizes?: readonly number[];
  readonly requestHeader?: Entries;
  readonly timeoutMs?: number;
  readonly cancel?: Cancel;
  /** The expected outcome, if it differs from the answer. */
  readonly expect?: { readonly code: Code; readonly responses?: number };
}

/** A length-prefixed message, or bytes in its place, with the flag byte. */
export interface Frame {
  readonly flag: number;
  readonly bytes: Uint8Array;
}

/** The bytes that a server sends, regardless of the request. */
export interface ResponseCase {
  readonly name: string;
  readonly kind: Kind;
  readonly status?: number;
  readonly header?: Entries;
  readonly frames?: readonly Frame[];
  /** The trailer. Without it, the response ends with its last frame, or with its header. */
  readonly trailer?: Entries;
  readonly expect: {
    /** The accepted status codes. */
    readonly codes: readonly Code[];
    readonly message?: string;
    readonly responses?: number;
    readonly header?: Entries;
    readonly trailer?: Entries;
  };
}

/** The bytes that a client sends. */
export interface RequestCase {
  readonly name: string;
  readonly verb?: string;
  readonly path: string;
  readonly header?: Entries;
  readonly frames: readonly Frame[];
  /** The accepted status codes. */
  readonly codes: readonly Code[];
}
