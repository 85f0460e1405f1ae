// The transport seam for servers: the interface between servers and transports. A transport accepts
// calls and passes each to its method. Calls, interceptors, handlers and codecs are above it;
// connections and frames are below it. Messages cross it as bytes.
import type { SocketEntity } from "../channelz/entities.ts";
import type { ServerLimits } from "../limits/limits.ts";
import type { Compression } from "../protocol/compression.ts";
import type { Metadata } from "../protocol/metadata.ts";
import type { Status } from "../protocol/status.ts";
import type { ClientCertificate } from "../security/peer-certificate.ts";
import type { ServerTls } from "../security/tls.ts";
import type { MessageObserver } from "./message-size.ts";

/**
 * A method that a transport serves. For each call, the transport calls either `open` or `answer`.
 */
export interface ServedMethod {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  /**
   * Whether `open` opens a call whose only request does not arrive with its header. If false, the
   * call waits for its request. A complete request opens a call by `answer`, whatever this says.
   */
  readonly early: boolean;
  /**
   * Whether the method takes a message in a borrowed buffer: it uses `start` of `onMessage` and
   * `answer`, and does not keep the buffer. Default: `false`.
   */
  readonly borrows?: boolean;
  /** Opens a call by its header. The call pulls its requests. */
  open(stream: ServerStream): ServerListener;
  /**
   * Opens a call with its only request, which is complete. The parameters are those of `onMessage`.
   */
  answer(stream: ServerStream, request: Buffer, compressed: boolean, start?: number): ServerListener;
}

/** The stream of a call. Its methods do nothing after `end` and after `onCancel`. */
export interface ServerStream {
  /**
   * The metadata of the request, without the fields of HTTP and of the protocol. Created on first
   * access.
   */
  readonly metadata: Metadata;
  /**
   * Shared by the calls of a connection to one method that repeat their header. A proxy keeps in
   * `memo` what it derives from the header. Undefined if the transport does not compare headers.
   */
  readonly head?: { memo: unknown } | undefined;
  /**
   * The deadline by `steadyNow()`: milliseconds since 1970 by a clock without steps, or Infinity. At
   * the deadline, the transport ends the call and calls `onCancel`.
   */
  readonly deadline: number;
  /**
   * The peer: `host:port` with brackets around IPv6, `unix:` and a path, `in-process`, or
   * `unknown`. It stays available after the end of the call.
   */
  readonly peer: string;
  /** The `:authority` of the request: the name by which the caller knows the server. Empty without one. */
  readonly authority: string;
  /** Whether the call is private: it came over TLS, or from within the process. */
  readonly secure: boolean;
  /** The certificate of the caller, if TLS has verified one. */
  readonly clientCertificate: ClientCertificate | undefined;
  /** The compression that the header of the request announces. Each message says whether it is compressed. */
  readonly requestCompression: Compression;
  /** Whether the caller accepts responses with this compression. */
  accepts(compression: Compression): boolean;
  /**
   * Reports the sizes of the messages from now on, and at once that of the only request, if it has
   * arrived. Replaces an earlier observer. Absent if the transport does not report sizes.
   */
  observe?(observer: MessageObserver): void;
  /**
   * Resolves once all messages that were sent have been compressed and written, also after `end`.
   * Undefined if nothing is compressed.
   */
  readonly written?: Promise<void> | undefined;
  /** Requests one more message. The transport never delivers more messages than requested. */
  pull(): void;
  /**
   * Sends the header, once, before the first message. It announces `compression`, which applies to
   * every message that is sent with `compress`.
   */
  sendHeader(header: Metadata | undefined, compression: Compression): void;
  /**
   * Sends a response of a stream, after an empty header if none was sent. The bytes must not change
   * afterwards. Returns whether there is room for more. After false, `onDrain` follows, and further
   * messages are queued.
   */
  send(message: Buffer, compress: boolean): boolean;
  /**
   * Ends the call, once, after all sent messages. The transport shortens a status that no peer
   * would accept (see fit-status.ts).
   *
   * @param status undefined for OK without a trailer.
   * @param response the only response of a method without a response stream. It is sent together
   * with the header and the status.
   */
  end(status: Status | undefined, response: Buffer | undefined, compress: boolean): void;
  /**
   * Ends the call without a status, after all sent messages: resets its stream with INTERNAL_ERROR.
   * Absent if the transport cannot do so.
   */
  reset?(): void;
}

/** Receives the events of a stream. Never called within `open` or `answer`. */
export interface ServerListener {
  /**
   * A request has arrived. For a method without a request stream, the request is complete: no other
   * message follows.
   *
   * @param compressed whether the message arrived compressed.
   * @param start where the message begins in the buffer. Not 0 only if the method borrows.
   */
  onMessage(message: Buffer, compressed: boolean, start?: number): void;
  /**
   * The caller has half-closed, and all requests have been delivered. Not called after an
   * incomplete request.
   */
  onHalfClose(): void;
  onDrain(): void;
  /**
   * The call has ended on the wire: the caller cancelled it (CANCELLED), its deadline passed
   * (DEADLINE_EXCEEDED), it exceeded a limit (RESOURCE_EXHAUSTED), or its connection was lost
   * (CANCELLED). No callback follows, and nothing can be sent any more.
   */
  onCancel(status: Status): void;
}

/** An address to listen on. */
export interface ListenAddress {
  readonly host: string;
  /** The port. 0 takes any free port. */
  readonly port: number;
  /** The path of a Unix domain socket, instead of host and port. */
  readonly path?: string | undefined;
}

/** A bound address. */
export interface Listening {
  /** 0 for a Unix domain socket. */
  readonly port: number;
  /** Stops listening. Existing connections stay open. */
  close(): Promise<void>;
}

/** A call that has ended on this side, but whose caller does not read the response. */
export interface UnsentCall {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** The peer, in the format of `ServerStream.peer`. */
  readonly peer: string;
}

/** A call to a method that the server does not have. It ends with UNIMPLEMENTED. */
export interface UnknownCall {
  /** `/package.Service/Method`, as the caller has sent it: any text that begins with a slash. */
  readonly path: string;
  /** The metadata of the request. */
  readonly metadata: Metadata;
  /** The peer, in the format of `ServerStream.peer`. */
  readonly peer: string;
  /** The `:authority` of the request. Empty without one. */
  readonly authority: string;
  /** Whether the call is private, as `ServerStream.secure`. */
  readonly secure: boolean;
}

/**
 * Carries the calls of a server. The transport enforces the limits for messages and metadata: a
 * call never sees what exceeds them.
 */
export interface ServerTransport {
  /**
   * Serves a method.
   *
   * @throws TypeError if the path is already served.
   */
  add(method: ServedMethod): void;
  /** Rejects with a system error (`code`: `EADDRINUSE`, …) or a TlsFileError. */
  listen(address: ListenAddress, tls: ServerTls | undefined): Promise<Listening>;
  /**
   * Takes no new connections and calls. Resolves when the last call has ended and its peer has the
   * status. Does not wait for peers without a call.
   */
  drain(): Promise<void>;
  /**
   * The calls that have ended, but whose responses have not been sent completely. `drain` waits for
   * them.
   */
  unsent(): UnsentCall[];
  /** Closes all connections at once. */
  destroy(): void;
  /** The open connections for channelz, in the order of their ids. Default: none. */
  sockets?(): readonly SocketEntity[];
}

/**
 * Creates the transport of one server.
 *
 * @param compression the compression of responses, unless a handler chooses another one.
 * @param onUnknown called for each call to a method that is not served, if the transport can. Undefined
 * if nothing observes such calls.
 * @throws TypeError for an option that the transport does not support.
 */
export type ServerTransportFactory = (
  limits: ServerLimits,
  compression: Compression,
  onUnknown: ((call: UnknownCall) => void) | undefined,
) => ServerTransport;
