// The interface below a channel: connections, each to one address, and the attempts of calls on
// them.

import type { CallCounts } from "../channelz/counts.ts";
import type { SocketEntity } from "../channelz/entities.ts";
import type { ChannelLimits } from "../limits/limits.ts";
import type { Compression } from "../protocol/compression.ts";
import type { Metadata } from "../protocol/metadata.ts";
import type { Status } from "../protocol/status.ts";
import type { Certificates } from "../security/certificates.ts";
import type { ClientStream, OutgoingCall } from "./client.ts";

/**
 * The progress of a failed attempt (gRFC A6, transparent retries). `unsent`: it had a connection,
 * but nothing left this process. `refused`: the server has certainly not processed it (RFC 9113,
 * section 8.7): it sent REFUSED_STREAM, or a GOAWAY that excludes the stream. `processed`:
 * everything else, including an attempt without a connection.
 */
export type Progress = "unsent" | "refused" | "processed";

/** Receives the events of one attempt of a call. The rules of `ClientListener` apply. */
export interface AttemptListener {
  onHeader(header: Metadata | undefined, compression: Compression): void;
  onMessage(message: Buffer, compressed: boolean): void;
  onDrain(): void;
  /**
   * @param pushback the server's `grpc-retry-pushback-ms` as it arrived; several values are joined
   * by commas.
   */
  onEnd(status: Status, progress: Progress, pushback: string | undefined): void;
}

/**
 * An established connection. It keeps the process alive only while it has calls, so a script that
 * forgets `close()` still ends.
 */
export interface Connection {
  /** The peer, in the format of `ClientStream.peer`. */
  readonly peer: string;
  /**
   * How many calls can be opened now: 0 at the peer's limit, and once the connection drains or is
   * closed.
   */
  readonly available: number;
  /** The number of open calls. */
  readonly calls: number;
  /**
   * Whether the connection takes no more calls: the peer sent GOAWAY, `close` was called, or the
   * socket is closed.
   */
  readonly draining: boolean;
  /** Whether the peer has completed a call on this connection. */
  readonly served: boolean;
  /** What channelz shows of the connection. */
  readonly socket: SocketEntity;
  /** Counts the calls. A subchannel sets it to its own counts. */
  counts: CallCounts;
  /** Called when `available` rises from 0. */
  onAvailable: (() => void) | undefined;
  /**
   * Called once, when the connection begins to drain or is lost, whichever is first. Calls that
   * cannot continue have ended before. `status` explains the loss: UNAVAILABLE.
   */
  onDown: ((status: Status) => void) | undefined;
  /** Called once, when the connection is closed and its last call has ended. */
  onClosed: (() => void) | undefined;
  /** Opens an attempt. `available` must not be 0. */
  open(call: OutgoingCall, listener: AttemptListener): ClientStream;
  /**
   * Opens an attempt that `calls` and `served` leave out, and that does not keep the process alive.
   * If the connection has no room, the attempt fails.
   */
  openUncounted(call: OutgoingCall, listener: AttemptListener): ClientStream;
  /** Takes no more calls. Closes the connection once its open calls have ended. */
  close(): void;
  /** Closes the connection and its calls at once. */
  destroy(): void;
}

/** The address of a connection. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/** A step of connecting, as messages name it. */
export type ConnectStep =
  | "the files of its certificates"
  | "the TCP connection"
  | "the TCP connection to the proxy"
  | "the connection to the Unix domain socket"
  | "the proxy's answer to CONNECT"
  | "the TLS handshake"
  | "the server's HTTP/2 SETTINGS"
  | "the first answer of the health service";

/**
 * Makes one connection: TCP or a Unix domain socket, a proxy tunnel, TLS, the server's SETTINGS.
 * Rejects with an RpcError (UNAVAILABLE, `cannot connect to TARGET: CAUSE`), or with the reason of
 * the signal. Calls `onStep` when a step begins.
 */
export type Dial = (address: Address, signal: AbortSignal, onStep?: (step: ConnectStep) => void) => Promise<Connection>;

/**
 * An HTTP proxy. Connections go through a tunnel that it opens (CONNECT; RFC 9110, section 9.3.6)
 * to the address.
 */
export interface HttpProxy {
  readonly host: string;
  readonly port: number;
  /** The value of `proxy-authorization`: a secret. */
  readonly authorization: string | undefined;
}

/** The options of a `Dial`, shared by the connections of a channel. */
export interface DialOptions {
  /** The target of the channel, as messages name it. */
  readonly target: string;
  /** The certificates. Each connection uses the current ones. Undefined for plaintext. */
  readonly certificates: Certificates | undefined;
  /**
   * The name that the server's certificate must contain: a host, or an IP address without brackets.
   */
  readonly serverName: string;
  /** The default `:authority` of calls. */
  readonly authority: string;
  readonly limits: ChannelLimits;
  readonly proxy: HttpProxy | undefined;
}
