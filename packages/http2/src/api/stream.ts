// A stream (RFC 9113, section 5).

import type { HeaderList } from "../headers/header-list.ts";
import type { Connection } from "./connection.ts";
import type { StreamHandler } from "./stream-handler.ts";

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
  /** The handler has consumed this many received bytes: the peer may send as many again on this stream. */
  credit(bytes: number): void;
  /** Ends the stream at once. Default code: CANCEL. `onReset` is called with `source: "local"` after this call returns or before; no other callback follows. */
  reset(code?: number): void;
}
