// What the suites are made of. They are those of https://github.com/connectrpc/conformance (internal/app/connectconformance/testsuites/data, Apache License 2.0)
// that suit gRPC, in a form of our own: the suite and a case's name are theirs, so that each can be looked up.
import type { Code } from "@grpc-study/rpc";

export type Kind = "unary" | "client-stream" | "server-stream" | "half-duplex" | "full-duplex";

/** By their names, which are in lower case on the wire. */
export type Entries = Readonly<Record<string, readonly string[]>>;

/** What the server is asked to answer. The first request says it. */
export interface Answer {
  readonly header?: Entries;
  readonly trailer?: Entries;
  /** How many responses. */
  readonly responses?: number;
  readonly error?: {
    readonly code: Code;
    readonly message: string /** Texts, each of which is a `Header` message. */;
    readonly details?: readonly string[];
  };
  /** Before the only response, or each of several. */
  readonly delayMs?: number;
}

/** When the caller cancels. */
export type Cancel = { readonly beforeCloseSend: true } | { readonly afterCloseSendMs: number } | { readonly afterResponses: number };

/** A call to the service, from a client to a server. */
export interface CallCase {
  readonly name: string;
  readonly kind: Kind;
  readonly answer: Answer;
  /** How many requests, unless `sizes` says so. Default 1. */
  readonly requests?: number;
  /** The sizes of the requests, in bytes, relative to the server's limit. */
  readonly sizes?: readonly number[];
  readonly requestHeader?: Entries;
  readonly timeoutMs?: number;
  readonly cancel?: Cancel;
  /** What comes of it, where that is not the answer. */
  readonly expect?: { readonly code: Code; readonly responses?: number };
}

/** A message, or what stands in the place of one, with the flag before it. */
export interface Frame {
  readonly flag: number;
  readonly bytes: Uint8Array;
}

/** What is on the wire from a server, whatever it was asked. */
export interface ResponseCase {
  readonly name: string;
  readonly kind: Kind;
  readonly status?: number;
  readonly header?: Entries;
  readonly frames?: readonly Frame[];
  /** Without one, the response ends with its last frame, or with its header. */
  readonly trailer?: Entries;
  readonly expect: {
    /** The status: one of these. */
    readonly codes: readonly Code[];
    readonly message?: string;
    readonly responses?: number;
    readonly header?: Entries;
    readonly trailer?: Entries;
  };
}

/** What is on the wire from a client. */
export interface RequestCase {
  readonly name: string;
  readonly verb?: string;
  readonly path: string;
  readonly header?: Entries;
  readonly frames: readonly Frame[];
  /** The status: one of these. */
  readonly codes: readonly Code[];
}
