// What stands below a channel: connections, each to one address, and the attempts of calls on them.

import type { ChannelLimits } from "../limits/limits.ts";
import type { Metadata } from "../protocol/metadata.ts";
import type { Status } from "../protocol/status.ts";
import type { Certificates } from "../security/certificates.ts";
import type { ClientStream, OutgoingCall } from "./client.ts";

/**
 * How far a failed attempt came (gRFC A6, transparent retries). `unsent`: it had a connection, and nothing of it left this process. `refused`: the server
 * surely has not processed it (RFC 9113, section 8.7): REFUSED_STREAM, or a GOAWAY that leaves it out. `processed`: everything else, also an
 * attempt that found no connection.
 */
export type Progress = "unsent" | "refused" | "processed";

/** What is heard of one attempt of a call. The same rules as those of `ClientListener` hold. */
export interface AttemptListener {
  onHeader(header: Metadata | undefined): void;
  onMessage(message: Buffer, compressed: boolean): void;
  onDrain(): void;
  /**
   * @param pushback the server's `grpc-retry-pushback-ms`, as it came; several values joined by commas.
   */
  onEnd(status: Status, progress: Progress, pushback: string | undefined): void;
}

/** One connection that is ready. It keeps the process alive while it has calls, and only then: a script that forgets `close()` ends. */
export interface Connection {
  /** The peer, as `ClientStream.peer` gives it. */
  readonly peer: string;
  /** How many calls can be opened now: 0 at the peer's limit, and once the connection drains or is closed. */
  readonly available: number;
  /** How many calls are open on it. */
  readonly calls: number;
  /** Whether it takes no more calls: the peer sent GOAWAY, it was closed here, or its socket is gone. */
  readonly draining: boolean;
  /** Whether the peer has answered a call on it. */
  readonly served: boolean;
  /** Called when `available` rises from 0. */
  onAvailable: (() => void) | undefined;
  /** Called once, when the connection begins to drain or is lost, whichever is first. Calls that do not go on have ended before. `status` says why it was lost: UNAVAILABLE. */
  onDown: ((status: Status) => void) | undefined;
  /** Opens an attempt. `available` must not be 0. */
  open(call: OutgoingCall, listener: AttemptListener): ClientStream;
  /** Takes no more calls, and ends once those that are open have ended. */
  close(): void;
  /** Ends at once, with its calls. */
  destroy(): void;
}

/** Where a connection leads. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/** A step of making a connection, as messages name it. */
export type ConnectStep =
  | "the files of its certificates"
  | "the TCP connection"
  | "the TCP connection to the proxy"
  | "the connection to the Unix domain socket"
  | "the proxy's answer to CONNECT"
  | "the TLS handshake"
  | "the server's HTTP/2 SETTINGS";

/**
 * Makes one connection: TCP or a Unix domain socket, a proxy's tunnel, TLS, the server's SETTINGS. Rejects with an RpcError (UNAVAILABLE,
 * `cannot connect to TARGET: CAUSE`), and with the signal's reason. Calls `onStep` when a step begins.
 */
export type Dial = (address: Address, signal: AbortSignal, onStep?: (step: ConnectStep) => void) => Promise<Connection>;

/** An HTTP proxy: connections go through a tunnel that it opens (CONNECT; RFC 9110, section 9.3.6). The address is what CONNECT names. */
export interface HttpProxy {
  readonly host: string;
  readonly port: number;
  /** The value of `proxy-authorization`: a secret. */
  readonly authorization: string | undefined;
}

/** What the connections of a channel have in common: what a `Dial` is made of. */
export interface DialOptions {
  /** What the channel leads to, as messages name it. */
  readonly target: string;
  /** Undefined: plaintext. Each connection takes what is current. */
  readonly certificates: Certificates | undefined;
  /** The name that the server's certificate must have: a host, or an IP address without brackets. */
  readonly serverName: string;
  /** The `:authority` of calls that have none of their own. */
  readonly authority: string;
  readonly limits: ChannelLimits;
  readonly proxy: HttpProxy | undefined;
}
