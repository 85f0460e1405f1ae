// The client's view of a connection.
import type { HeaderList } from "../headers/header-list.ts";
import type { Connection, Stream, StreamHandler } from "./connection.ts";

/** A connection that opens streams. */
export interface ClientConnection extends Connection {
  /**
   * The number of streams that can be opened now: 0 when draining, closed, or at the peer's
   * SETTINGS_MAX_CONCURRENT_STREAMS (100 until its SETTINGS arrive).
   */
  readonly availableStreams: number;
  /** Called when `availableStreams` rises from 0. */
  onAvailable: (() => void) | undefined;
  /**
   * Opens a stream. With `endStream` the request is complete after `body`. Throws an `Http2Error`:
   * REFUSED_STREAM if `availableStreams` is 0, INTERNAL_ERROR if the list is not a valid request or
   * is larger than the peer accepts. `prefix` is that of `Stream.write`.
   */
  request(headers: HeaderList, handler: StreamHandler, body?: Uint8Array, endStream?: boolean, prefix?: Uint8Array): Stream;
}
