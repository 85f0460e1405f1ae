// The server's seam: a transport takes calls, and hands each to the method that answers it. Above it stand calls, interceptors, handlers and
// codecs; below it connections and frames. Messages cross it as bytes.
import type { ServerLimits } from "../limits/limits.ts";
import type { Compression } from "../protocol/compression.ts";
import type { Metadata } from "../protocol/metadata.ts";
import type { Status } from "../protocol/status.ts";
import type { ClientCertificate } from "../security/peer-certificate.ts";
import type { ServerTls } from "../security/tls.ts";

/** A method that can be called. A transport calls one of `open` and `answer` for each call. */
export interface ServedMethod {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  /** Whether the call is opened by its header alone. False: a call with one request is opened by `answer`, once the request is complete. */
  readonly early: boolean;
  /** Opens a call by its header. Its requests are pulled. */
  open(stream: ServerStream): ServerListener;
  /** Opens a call with its only request. */
  answer(stream: ServerStream, request: Buffer, compressed: boolean): ServerListener;
}

/** The handler's end of a call. After `end`, and after `onCancel`, its methods do nothing. */
export interface ServerStream {
  /** The request's metadata, without the fields of HTTP and of the protocol. Made when it is first asked for. */
  readonly metadata: Metadata;
  /** When the caller stops waiting: milliseconds since 1970, or Infinity. The transport ends the call then, by `onCancel`. */
  readonly deadline: number;
  /** `host:port`, with brackets around IPv6; `unix:` and a path, `in-process`, or `unknown`. It stays known after the end. */
  readonly peer: string;
  /** The caller's certificate, if TLS has verified one. */
  readonly clientCertificate: ClientCertificate | undefined;
  /** Whether the caller takes responses that are compressed so. */
  accepts(compression: Compression): boolean;
  /** Asks for one more request. Not more than asked for is delivered. */
  pull(): void;
  /** Sends the header, once, before the first message. `compression` is announced, and applies to every message that is sent with `compress`. */
  sendHeader(header: Metadata | undefined, compression: Compression): void;
  /**
   * Sends a response of a stream; an empty header before the first, if none was sent. The bytes do not change afterwards. Returns whether there is
   * room for more; after false `onDrain` follows, and what is sent in the meantime is kept.
   */
  send(message: Buffer, compress: boolean): boolean;
  /**
   * Ends the call, once, after what was sent. The transport shortens what no peer would take (see fit-status.ts).
   * @param status undefined for OK without a trailer.
   * @param response the only response of a method that has one: it leaves together with header and status.
   */
  end(status: Status | undefined, response: Buffer | undefined, compress: boolean): void;
}

/** What a call hears of its stream. Called neither within `open` nor within `answer`. */
export interface ServerListener {
  /**
   * The request of a method that has one is complete: the caller has sent this message, and no other.
   * @param compressed whether it came so.
   */
  onMessage(message: Buffer, compressed: boolean): void;
  /** The caller has sent its last request, and all have been delivered. Never after a request that was cut short. */
  onHalfClose(): void;
  onDrain(): void;
  /**
   * The call has ended on the wire, by its caller (CANCELLED), its deadline (DEADLINE_EXCEEDED), a limit (RESOURCE_EXHAUSTED) or a lost
   * connection (CANCELLED). No callback follows, and nothing can be sent any more.
   */
  onCancel(status: Status): void;
}

/** Where a server listens. */
export interface ListenAddress {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** A Unix domain socket, instead of host and port. */
  readonly path?: string | undefined;
}

/** One address that is listened on. */
export interface Listening {
  /** 0 for a Unix domain socket. */
  readonly port: number;
  /** Takes no more connections there. Those that there are live on. */
  close(): Promise<void>;
}

/** A call that has ended on this side, and whose answer its caller does not take: its window is closed, or it does not read. */
export interface UnsentCall {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** As `ServerStream.peer`. */
  readonly peer: string;
}

/** What carries a server's calls. The limits of messages and metadata are the transport's: no call hears of what goes over them. */
export interface ServerTransport {
  /** Takes calls of a method. Throws if the path is taken. */
  add(method: ServedMethod): void;
  /** Rejects with a system error (`code`: `EADDRINUSE`, …) or a TlsFileError. */
  listen(address: ListenAddress, tls: ServerTls | undefined): Promise<Listening>;
  /** Takes no new connections and calls, and resolves when the last call has ended and its peer has its status. Peers without a call are not waited for. */
  drain(): Promise<void>;
  /** The calls that have ended, and whose answers have not left. `drain` waits for them. */
  unsent(): UnsentCall[];
  /** Ends what is left, at once. */
  destroy(): void;
}

/**
 * Makes the transport of one server. Throws a TypeError for what it cannot do.
 * @param compression of responses, unless a handler says otherwise.
 */
export type ServerTransportFactory = (limits: ServerLimits, compression: Compression) => ServerTransport;
