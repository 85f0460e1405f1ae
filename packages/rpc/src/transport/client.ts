// The transport seam for clients: the interface between clients and channels. A channel opens
// calls, whatever transport carries them. Calls, interceptors and codecs are above it; connections,
// name resolution and retries are below it. Messages cross it as bytes.
import type { Code } from "../protocol/code.ts";
import type { Compression } from "../protocol/compression.ts";
import type { RpcError } from "../protocol/error.ts";
import type { Metadata } from "../protocol/metadata.ts";
import type { Status } from "../protocol/status.ts";
import type { MessageObserver } from "./message-size.ts";

/**
 * `idle`: not connected; the next call connects. `failed`: the last attempt to connect failed; the
 * channel keeps trying, and stays `failed` until it is `ready`.
 */
export type ChannelState = "idle" | "connecting" | "ready" | "failed" | "closed";

/** The connections to one target. Any number of clients may share a channel. */
export interface Channel extends Disposable {
  /** The target of the channel, as messages name it. */
  readonly target: string;
  /**
   * The default `:authority` of calls: the name of the service, for example `shop.example:50051`.
   */
  readonly authority: string;
  /**
   * Whether the channel is private: it uses TLS, or stays within the process. Tokens are sent only
   * on such a channel.
   */
  readonly secure: boolean;
  /** Whether calls know the sizes of messages on the wire: `MessageSize.wireBytes`. Default: true. */
  readonly wireSizes?: boolean;
  readonly state: ChannelState;
  /**
   * Connects now. Resolves once a call can be sent. Rejects with UNAVAILABLE and the reason of the
   * last attempt if there is no connection within `connectTimeoutMs`. Rejects with CANCELLED, as
   * calls do, if the channel is closed.
   */
  connect(): Promise<void>;
  /** Closes the connections once their calls have ended. New calls fail with CANCELLED. */
  close(): void;
  /** Opens a call. Clients are built on this method. */
  open(call: OutgoingCall, listener: ClientListener): ClientStream;
}

/**
 * A method to call. A client has one object for each method, and a channel may cache data for it.
 */
export interface OutgoingMethod {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** The parameters of a new call. */
export interface OutgoingCall {
  readonly method: OutgoingMethod;
  /**
   * Valid metadata, as checked by `requestFault`. The channel does not change it. Undefined for a
   * call without metadata.
   */
  readonly metadata: Metadata | undefined;
  /**
   * The deadline by `steadyNow()`: milliseconds since 1970 by a clock without steps, or Infinity. The
   * call above ends itself at the deadline. The channel sends it as `grpc-timeout` and does not wait
   * beyond it.
   */
  readonly deadline: number;
  /** How requests are compressed. */
  readonly compression: Compression;
  /**
   * Whether the call waits while connections fail, instead of failing with UNAVAILABLE. Default:
   * the channel's options for the method, or false.
   */
  readonly waitForReady: boolean | undefined;
  /** The `:authority`. Default: that of the channel. */
  readonly authority: string | undefined;
  /**
   * The only request of a method without a request stream. The request is then complete, and `send`
   * and `halfClose` are not called. The channel may drop the bytes once a header has arrived.
   */
  readonly request: Buffer | undefined;
  /**
   * The number of earlier attempts by a retry policy. Sent as `grpc-previous-rpc-attempts` unless
   * it is 0. Clients open calls with 0.
   */
  readonly previousAttempts: number;
  /** Observes the attempts of the channel. Absent for most calls. */
  readonly onAttempt?: AttemptObserver | undefined;
  /** Observes the sizes of the messages of all attempts. Absent for most calls. */
  readonly onMessageSize?: MessageObserver | undefined;
}

/** Called when an attempt begins. */
export type AttemptObserver = (attempt: Attempt) => void;

/** An attempt of a call, as `ClientCall.onAttempt()` reports it. */
export interface Attempt {
  /** The number of earlier attempts by a retry or hedging policy. */
  readonly previousAttempts: number;
  /** Whether this is a transparent retry: the server has not seen the attempt before it (gRFC A6). */
  readonly transparent: boolean;
  /** The metadata that the attempt sends: a copy of the call's, which may be changed at once. */
  readonly metadata: Metadata;
  /** The address of the server, as `host:port`, once the attempt has a connection. */
  readonly peer: string | undefined;
  /**
   * Calls the listener once, when the attempt has ended: with its error, or with undefined for OK. An
   * attempt that the channel gives up, such as one that lost against another, ends with CANCELLED.
   */
  onEnd(listener: (error: RpcError | undefined) => void): void;
  /**
   * Calls the observer with the size of each message of the attempt: see `ClientCall.onMessageSize()`.
   * Has no effect after the observer of `onAttempt()` has returned: the attempt begins then.
   */
  onMessageSize(observer: MessageObserver): void;
}

/** The stream of a call. Its methods do nothing after `cancel` and after `onStatus`. */
export interface ClientStream {
  /** The peer's address, once the call has a connection. */
  readonly peer: string | undefined;
  /**
   * The step that a call without a connection waits for, as messages name it, for example `the TLS
   * handshake`. Undefined if it is not known.
   */
  readonly waitsFor?: string | undefined;
  /**
   * Sends a request of a stream. The bytes must not change afterwards. Returns whether there is
   * room for more. After false, `onDrain` follows, and further messages are queued.
   */
  send(message: Buffer, compress: boolean): boolean;
  /** Half-closes the call: no more requests follow. */
  halfClose(): void;
  /**
   * Requests one more response. A unary call needs one `pull`, too. The channel never delivers more
   * responses than requested.
   */
  pull(): void;
  /** Ends the call at once, with a reset on the wire. No callback follows. */
  cancel(code: Code, message: string): void;
}

/** Receives the events of a stream. Never called before `open` has returned. */
export interface ClientListener {
  /**
   * The response header, once, before the first message. Not called for a trailers-only response.
   * Undefined if there is no metadata.
   *
   * @param compression the compression that the header announces.
   */
  onHeader(header: Metadata | undefined, compression: Compression): void;
  /** @param compressed whether the message arrived compressed. */
  onMessage(message: Buffer, compressed: boolean): void;
  onDrain(): void;
  /**
   * The end of the call, once. Follows the messages that were pulled, or all messages if the status
   * is OK. An incomplete response never ends with OK.
   */
  onStatus(status: Status): void;
}
