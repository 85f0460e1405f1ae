// A stream (RFC 9113, section 5), and what a user of the engine implements for it: one object a stream (or one for all), whose methods the engine
// calls.

import type { HeaderList } from "../headers/header-list.ts";
import type { Connection } from "./connection.ts";

/**
 * One stream. All methods are safe to call in any state: on a stream that is over they do nothing and return false.
 * Frames are written at once into the buffer of the connection, which goes to the socket at the end of the turn of the event loop.
 */
export interface Stream {
  /** The stream identifier: odd, since only clients open streams. */
  readonly id: number;
  readonly connection: Connection;
  /** The receiver of callbacks. It can be replaced at any time. */
  handler: StreamHandler;
  /** Free for the user. */
  data: unknown;
  /** The header list that opened the stream. */
  readonly request: HeaderList;
  /** `true` once both halves are complete or the stream was reset. */
  readonly closed: boolean;
  /** `true` once the peer has ended its half. */
  readonly remoteEnded: boolean;
  /** `true` once this side has ended its half: nothing more can be written. */
  readonly localEnded: boolean;
  /** Bytes that wait for flow control or the socket. */
  readonly queued: number;

  /**
   * Server: sends an informational (1xx) or the final response. Returns false if output is waiting: `onDrain` follows.
   * Throws a TypeError if the list has no `:status`.
   */
  sendHeaders(headers: HeaderList, endStream?: boolean): boolean;
  /**
   * Sends a part of the body. The bytes must not change afterwards: large parts are sent without a copy. Returns whether there is
   * room: after false, wait for `onDrain`; the engine keeps what is written in the meantime.
   */
  write(data: Uint8Array, endStream?: boolean): boolean;
  /** Ends this half: an empty DATA frame with END_STREAM, after what is queued. */
  end(): void;
  /** Ends this half with trailers, after what is queued. Throws a TypeError if the list has a pseudo-header field. */
  sendTrailers(trailers: HeaderList): void;
  /**
   * Server: the whole response at once. Without `trailers` the last frame of the body ends the stream.
   * If the request is not complete yet, the engine sends RST_STREAM(NO_ERROR) after the response (RFC 9113, section 8.1).
   * Throws a TypeError, and sends nothing, if a list is not one of its kind.
   */
  respond(headers: HeaderList, body?: Uint8Array, trailers?: HeaderList): boolean;
  /**
   * The handler has consumed this many received bytes: the peer may send as many again on this stream.
   * A handler that waits for the rest of a message tells how many bytes are missing: the peer may send them at once, up to `maxWindowSize`. They are
   * not counted until they come, so a handler must have room for what it awaits.
   */
  credit(bytes: number, awaited?: number): void;
  /** Ends the stream at once. Default code: CANCEL. `onReset` is called with `source: "local"` after this call returns or before; no other callback follows. */
  reset(code?: number): void;
}

/**
 * The callbacks of a stream. Each one gets the stream as its last argument, so one object can serve many streams.
 *
 * The peer's half ends once, by `endStream` of `onHeaders` or `onData`, or by `onTrailers`. After `onReset` no other callback is
 * called. An error that a callback throws resets its stream with INTERNAL_ERROR and goes to the option `onError`.
 */
export interface StreamHandler {
  /** Client only: the header list of the response. Informational responses (1xx) are skipped. */
  onHeaders?(headers: HeaderList, endStream: boolean, stream: Stream): void;
  /**
   * A part of the body. A part can be smaller than the DATA frame that carries it. The bytes are a view of the chunk that the
   * socket read; they stay valid and unchanged, but a view keeps the whole chunk (up to 64 KiB) alive: copy a small part that is
   * kept for long. Call `stream.credit(data.length)` when the bytes are consumed; without credit the peer stops after a window.
   * The engine credits padding itself. `data` is empty if only the end of the stream arrived.
   */
  onData?(data: Buffer, endStream: boolean, stream: Stream): void;
  /** The trailers, which end the peer's half of the stream. */
  onTrailers?(trailers: HeaderList, stream: Stream): void;
  /**
   * The stream ended before both halves were complete: by the peer's RST_STREAM, by an error that the engine found, or with its
   * connection. It is called for `stream.reset()` of this side too, with `source: "local"`.
   * A server does not get it after its response is complete: the engine ends what is left of the request (RFC 9113, section 8.1).
   */
  onReset?(reset: StreamReset, stream: Stream): void;
  /** There is room again after `write`, `sendHeaders` or `respond` returned false: everything that was written has left. */
  onDrain?(stream: Stream): void;
}

/** Why a stream ended early. */
export interface StreamReset {
  /** The error code: one of `ErrorCode`, or what the peer sent. */
  readonly code: number;
  /** One sentence for logs and errors. */
  readonly message: string;
  /**
   * `peer`: the peer sent RST_STREAM. `local`: `stream.reset()`, or an error that a callback threw. `protocol`: the engine found an error of
   * the peer in this stream. `connection`: the connection closed, or the peer's GOAWAY excluded the stream.
   */
  readonly source: "peer" | "local" | "protocol" | "connection";
  /** `true` if the peer surely has not processed the request (REFUSED_STREAM, or above the last stream of GOAWAY; RFC 9113, section 8.7): it can be sent again. */
  readonly unprocessed: boolean;
}
