// The client's seam: a channel opens calls, whatever carries them. Above it stand calls, interceptors and codecs; below it
// connections, name resolution and retries. Messages cross it as bytes.
import type { Code } from "../protocol/code.ts";
import type { Compression } from "../protocol/compression.ts";
import type { Metadata } from "../protocol/metadata.ts";
import type { Status } from "../protocol/status.ts";

/** `idle`: not connected, the next call connects. `failed`: it cannot connect; it goes on trying, and is `failed` until it is `ready`. */
export type ChannelState = "idle" | "connecting" | "ready" | "failed" | "closed";

/** Connections to one target, or what stands for them. It may be shared by any number of clients. */
export interface Channel extends Disposable {
  /** What the channel was made for, as messages name it. */
  readonly target: string;
  /** The `:authority` of calls that have none of their own: the name of the service, `shop.example:50051`. */
  readonly authority: string;
  /** Whether what is sent is kept from others: TLS, or no wire at all. Tokens are sent only then. */
  readonly secure: boolean;
  readonly state: ChannelState;
  /**
   * Connects now. Resolves once a call can be sent. Rejects with UNAVAILABLE and the reason of the last attempt if there is no
   * connection within `connectTimeoutMs`, and with CANCELLED, as calls do, if the channel is closed.
   */
  connect(): Promise<void>;
  /** Closes the connections once their calls have ended. New calls fail with CANCELLED. */
  close(): void;
  /** Opens a call: what clients are made of. */
  open(call: OutgoingCall, listener: ClientListener): ClientStream;
}

/** A method, as it is called. One object a method and client: a channel may keep what it derives from it. */
export interface OutgoingMethod {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** What a call is opened with. */
export interface OutgoingCall {
  readonly method: OutgoingMethod;
  /** Checked: `requestFault` has found nothing in it. The channel does not change it. Undefined: none. */
  readonly metadata: Metadata | undefined;
  /** Milliseconds since 1970, or Infinity. The call above ends itself when it passes; the channel sends it as `grpc-timeout` and ends no wait later than it. */
  readonly deadline: number;
  /** How requests are compressed. */
  readonly compression: Compression;
  /** Whether the call waits while connections fail, instead of failing with UNAVAILABLE. Undefined: as the channel's options for the method say, or false. */
  readonly waitForReady: boolean | undefined;
  /** The `:authority`, if it is not the channel's. */
  readonly authority: string | undefined;
  /** The only request, where the method has one: the request is complete with it. `send` and `halfClose` are not called then. It may be gone once a header has come. */
  readonly request: Buffer | undefined;
  /** How often the call was sent before by a retry policy: sent as `grpc-previous-rpc-attempts` unless it is 0. A client opens calls with 0. */
  readonly previousAttempts: number;
}

/** The call's end of a stream. After `cancel`, and after `onStatus`, its methods do nothing. */
export interface ClientStream {
  /** The peer's address, once the call has a connection. */
  readonly peer: string | undefined;
  /** What a call without a connection waits for, as messages name it: `the TLS handshake`. Undefined if that is not known. */
  readonly waitsFor?: string | undefined;
  /**
   * Sends a request of a stream. The bytes do not change afterwards. Returns whether there is room for more; after false `onDrain` follows, and
   * what is sent in the meantime is kept.
   */
  send(message: Buffer, compress: boolean): boolean;
  /** No more requests. */
  halfClose(): void;
  /** Asks for one more response. A unary response needs one `pull`, too. Not more than asked for is delivered. */
  pull(): void;
  /** Ends the call at once: on the wire by a reset and nothing before it. No callback follows. */
  cancel(code: Code, message: string): void;
}

/** What a call hears of its stream. Never called before `open` has returned. */
export interface ClientListener {
  /** The response's header, once, before the first message. Not called if the response has a status only. Undefined: it has no metadata. */
  onHeader(header: Metadata | undefined): void;
  /** @param compressed whether it came so. */
  onMessage(message: Buffer, compressed: boolean): void;
  onDrain(): void;
  /** The end, once, after the messages that were pulled; with OK, after all messages. A response that is not complete never ends with OK. */
  onStatus(status: Status): void;
}
