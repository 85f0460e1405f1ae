// What a call is: one interface for Connect over fetch, and for Connect over a WebSocket.
import type { MethodEntry } from "../schema/services.ts";
import type { Status } from "./status.ts";

/** Metadata: pairs of keys and values. A key may occur several times. */
export type Metadata = readonly (readonly [key: string, value: string])[];

/** What happens in a call. */
export type CallEvent =
  | { readonly type: "header"; readonly metadata: Metadata }
  | { readonly type: "message"; readonly text: string; readonly bytes: number }
  | { readonly type: "end"; readonly status: Status; readonly trailer: Metadata };

export interface CallOptions {
  /** The URL of the gateway, with a slash at its end. */
  readonly root: URL;
  readonly metadata: Metadata;
  /** In milliseconds. Default: none. */
  readonly timeoutMs: number | undefined;
  /** Receives the events of the call. The last one is `end`. */
  readonly onEvent: (event: CallEvent) => void;
}

/** A call in progress. */
export interface Call {
  /** Sends a message: JSON. */
  send(text: string): void;
  /** Ends the requests. */
  halfClose(): void;
  /** Ends the call. */
  cancel(): void;
}

/** The ways in which a call is made. */
export type StartCall = (method: Pick<MethodEntry, "path" | "kind">, options: CallOptions) => Call;
