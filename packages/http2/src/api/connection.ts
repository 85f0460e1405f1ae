// The public API of a connection and its streams (RFC 9113, sections 3 to 6), and the callbacks that
// the application implements.
import type { HeaderList } from "../headers/header-list.ts";
import type { Settings } from "../settings.ts";

/** How a connection ended. */
export interface ConnectionEnd {
  /**
   * NO_ERROR for an orderly end, the code that this side or the peer sent, or INTERNAL_ERROR if the
   * socket failed.
   */
  readonly code: number;
  readonly message: string;
  /** The error of the socket, if it failed. */
  readonly cause?: unknown;
}

/** The peer's GOAWAY. */
export interface Goaway {
  readonly code: number;
  /**
   * The peer does not process streams above this identifier. The engine resets them with
   * `unprocessed: true`.
   */
  readonly lastStreamId: number;
  /** Additional debug data as latin1 text, at most 1,024 characters. */
  readonly debugData: string;
}

/** The counts of a connection since it began. For diagnosis. */
export interface ConnectionCounters {
  readonly streamsStarted: number;
  /** The streams whose response has ended with END_STREAM, received by a client or sent by a server. */
  readonly streamsSucceeded: number;
  /** The streams that closed otherwise. */
  readonly streamsFailed: number;
  /** The PINGs that keepalive has sent. */
  readonly keepalivesSent: number;
  /** The bytes that the peer allows this side to send on the connection. */
  readonly sendWindow: number;
  /** The bytes that this side allows the peer to send on the connection. */
  readonly receiveWindow: number;
}

/** A connection of either role. Set its callbacks as properties. */
export interface Connection {
  readonly role: "client" | "server";
  /** The byte stream, for addresses and TLS details. Do not read from it or write to it. */
  readonly socket: import("node:stream").Duplex;
  /** Free for use by the application. */
  data: unknown;
  /** `open`, `draining` (after GOAWAY in either direction: no new streams) or `closed`. */
  readonly state: "open" | "draining" | "closed";
  /**
   * The peer's settings. Until its first SETTINGS frame (`settingsReceived`), the defaults of RFC
   * 9113.
   */
  readonly remoteSettings: Readonly<Settings>;
  readonly settingsReceived: boolean;
  /** The number of streams that are open or half closed. */
  readonly openStreams: number;
  /** The streams that are open or half closed at this moment. */
  listStreams(): Stream[];
  /** The counts of this moment. */
  counters(): ConnectionCounters;
  /** How the connection ended. `undefined` while it is open. */
  readonly closeReason: ConnectionEnd | undefined;

  /** Called once, after `onReset` of every open stream. */
  onClose: ((end: ConnectionEnd) => void) | undefined;
  /** Called for each GOAWAY frame from the peer. */
  onGoaway: ((goaway: Goaway) => void) | undefined;
  /** Called for each SETTINGS frame from the peer, except acknowledgements. */
  onSettings: ((settings: Readonly<Settings>) => void) | undefined;

  /**
   * Sends PING. The callback gets the round-trip time in milliseconds, or `undefined` if the
   * connection closes first or 16 PINGs are outstanding.
   */
  ping(callback: (roundTrip: number | undefined) => void): void;
  /**
   * Closes the connection gracefully: sends GOAWAY, and closes the socket when the last stream
   * ends. A server sends GOAWAY twice (RFC 9113, section 6.8): with the highest identifier, and a
   * round trip later with the last stream.
   */
  close(code?: number, debugData?: string): void;
  /**
   * Closes the connection immediately: sends GOAWAY if possible, calls `onReset` for every stream,
   * and destroys the socket.
   */
  destroy(code?: number, message?: string): void;
}

/**
 * A stream. All methods are safe in any state: on a closed stream they do nothing and return
 * `false`. Frames are written directly into the connection's buffer, which goes to the socket at
 * the end of the turn of the event loop.
 */
export interface Stream {
  /** The stream identifier. It is odd, because only clients open streams. */
  readonly id: number;
  readonly connection: Connection;
  /** The callbacks. The handler can be replaced at any time. */
  handler: StreamHandler;
  /** Free for use by the application. */
  data: unknown;
  /** The header list that opened the stream. */
  readonly request: HeaderList;
  /** `true` once both halves are complete or the stream is reset. */
  readonly closed: boolean;
  /** `true` once the peer has ended its half. */
  readonly remoteEnded: boolean;
  /** `true` once this side has ended its half. */
  readonly localEnded: boolean;
  /** The bytes that wait for flow control or the socket. */
  readonly queued: number;

  /**
   * Server: sends an informational (1xx) response or the final one. Returns `false` if output is
   * waiting; `onDrain` follows. Throws a TypeError if the list has no `:status`.
   */
  sendHeaders(headers: HeaderList, endStream?: boolean): boolean;
  /**
   * Sends a part of the body. Do not modify the bytes afterwards: large parts are sent without a
   * copy. Returns `false` if there is no more room: wait for `onDrain`. The engine buffers bytes
   * that are written in the meantime.
   *
   * `prefix` is sent before `data`. It is copied, so one array can serve many messages.
   */
  write(data: Uint8Array, endStream?: boolean, prefix?: Uint8Array): boolean;
  /** Ends this half with an empty DATA frame with END_STREAM, after the queued bytes. */
  end(): void;
  /**
   * Ends this half with trailers, after the queued bytes. Throws a TypeError if the list has a
   * pseudo-header field.
   */
  sendTrailers(trailers: HeaderList): void;
  /**
   * Server: sends a whole response. Without `trailers` the last frame of the body ends the stream.
   * If the request is incomplete, the engine sends RST_STREAM(NO_ERROR) after the response (RFC
   * 9113, section 8.1). Throws a TypeError, and sends nothing, if `headers` has no `:status` or
   * `trailers` has a pseudo-header field. `prefix` is that of `write`.
   */
  respond(headers: HeaderList, body?: Uint8Array, trailers?: HeaderList, prefix?: Uint8Array): boolean;
  /**
   * Reports that the handler has consumed `bytes` received bytes: the peer may send as many again
   * on this stream. A handler that waits for the rest of a message passes the number of missing
   * bytes as `awaited`: the peer may send them at once, up to `maxWindowSize`. Awaited bytes do not
   * count against limits until they arrive, so the handler must have room for them.
   */
  credit(bytes: number, awaited?: number): void;
  /**
   * Resets the stream. Default code: CANCEL. `onReset` is called with `source: "local"` before this
   * call returns, or after `onStream` if the stream has no handler yet. No other callback follows.
   */
  reset(code?: number): void;
}

/**
 * The callbacks of a stream. Each gets the stream as its last argument, so one object can serve
 * many streams.
 *
 * The peer's half ends once: with `endStream` of `onHeaders` or `onData`, or with `onTrailers`. No
 * callback follows `onReset`. An error that a callback throws resets its stream with INTERNAL_ERROR
 * and goes to the option `onError`.
 */
export interface StreamHandler {
  /**
   * Client only: the header list of the response. The engine skips informational responses (1xx).
   */
  onHeaders?(headers: HeaderList, endStream: boolean, stream: Stream): void;
  /**
   * A part of the body, which can be smaller than the DATA frame that carries it. The bytes are a
   * view of the chunk that the socket read. They stay valid and unchanged, but keep the whole chunk
   * (up to 64 KiB) alive: copy a small part that you keep for long. Call
   * `stream.credit(data.length)` once the bytes are consumed; without credit the peer stops after a
   * window. The engine credits padding. `data` is empty if only the end of the stream arrived.
   */
  onData?(data: Buffer, endStream: boolean, stream: Stream): void;
  /** The trailers, which end the peer's half of the stream. */
  onTrailers?(trailers: HeaderList, stream: Stream): void;
  /**
   * The stream ended before both halves were complete: the peer reset it, the engine found an
   * error, or the connection ended. `stream.reset()` calls it as well, with `source: "local"`. A
   * server does not get it after its response is complete, because the engine handles the rest of
   * the request (RFC 9113, section 8.1).
   */
  onReset?(reset: StreamReset, stream: Stream): void;
  /**
   * There is room again after `write`, `sendHeaders` or `respond` returned `false`: all written
   * bytes have been sent.
   */
  onDrain?(stream: Stream): void;
}

/** Why a stream ended early. */
export interface StreamReset {
  /** The error code: one of `ErrorCode`, or another code from the peer. */
  readonly code: number;
  /** One sentence for logs and errors. */
  readonly message: string;
  /**
   * `peer`: the peer sent RST_STREAM. `local`: `stream.reset()`, or an error that a callback threw.
   * `protocol`: the engine found a protocol error of the peer in this stream. `connection`: the
   * connection closed, or the peer's GOAWAY excluded the stream.
   */
  readonly source: "peer" | "local" | "protocol" | "connection";
  /**
   * `true` if the peer has certainly not processed the request, so it can be retried:
   * REFUSED_STREAM, or above the last stream of GOAWAY (RFC 9113, section 8.7).
   */
  readonly unprocessed: boolean;
}
