// DATA (RFC 9113, section 6.1).
import type { Http2Connection } from "../connection.ts";
import { ErrorCode } from "../errors.ts";
import { creditStream, creditWindow, holdData } from "../flow-control.ts";
import { Flag } from "../frame/types.ts";
import type { Http2Stream } from "../stream.ts";

const noData = Buffer.alloc(0);

/** Handles a whole DATA frame with the payload `buffer[start, end)`. */
export function receiveData(connection: Http2Connection, buffer: Buffer, start: number, end: number, flags: number, id: number): void {
  let from = start;
  let to = end;
  if ((flags & Flag.PADDED) !== 0) {
    if (start === end) {
      connection.fail(ErrorCode.FRAME_SIZE_ERROR, "a padded DATA frame lacks the length of its padding (RFC 9113, section 4.2)");
      return;
    }
    const padding = buffer[from++] as number;
    if (padding >= end - start) {
      invalidPadding(connection);
      return;
    }
    to -= padding;
  }
  const endStream = (flags & Flag.END_STREAM) !== 0;
  const stream = acceptData(connection, id, end - start, to - from, endStream);
  if (stream === null) return;
  deliver(connection, stream, buffer, from, to, endStream);
  if (to - from !== end - start) creditPadding(stream);
}

/**
 * Begins a DATA frame of `length` octets that is delivered in parts. Returns `false` if the
 * connection failed.
 */
export function beginData(connection: Http2Connection, length: number, padding: number, flags: number, id: number): boolean {
  const padded = (flags & Flag.PADDED) !== 0;
  if (padded && padding >= length) {
    invalidPadding(connection);
    return false;
  }
  const endStream = (flags & Flag.END_STREAM) !== 0;
  connection.partLeft = length - padding - (padded ? 1 : 0);
  connection.partStream = acceptData(connection, id, length, connection.partLeft, endStream);
  connection.partEndsStream = endStream;
  return connection.reading;
}

/** Delivers a part of the DATA frame that `beginData` started. */
export function continueData(connection: Http2Connection, buffer: Buffer, start: number, end: number, last: boolean): void {
  const stream = connection.partStream;
  connection.partLeft -= end - start;
  if (last) connection.partStream = null;
  if (stream === null || stream.closed || !connection.reading) return;
  deliver(connection, stream, buffer, start, end, last && connection.partEndsStream);
  if (last) creditPadding(stream);
}

/**
 * Credits padding, which no handler holds (section 6.9.1). Padding does not make the window grow.
 */
function creditPadding(stream: Http2Stream): void {
  if (!stream.closed && !stream.remoteEnded) creditWindow(stream, stream.connection.config.initialWindowSize);
}

function invalidPadding(connection: Http2Connection): void {
  connection.fail(ErrorCode.PROTOCOL_ERROR, "the padding of a DATA frame is as long as its payload or longer (RFC 9113, section 6.1)");
}

/**
 * Checks a DATA frame and updates the windows. Returns its stream, or `null` if the data is
 * discarded.
 */
function acceptData(connection: Http2Connection, id: number, flowLength: number, length: number, endStream: boolean): Http2Stream | null {
  if (!connection.settled && !connection.mayReceive(id, 0)) return null;
  if (flowLength > connection.receiveWindow) {
    connection.fail(ErrorCode.FLOW_CONTROL_ERROR, "DATA exceeds the window of the connection (RFC 9113, section 6.9.1)");
    return null;
  }
  connection.receiveWindow -= flowLength;
  connection.chunkData += flowLength;
  if (length === 0 && !endStream && !connection.budgets.emptyFrames.take(connection.now)) {
    connection.tooMany("empty DATA frames");
    return null;
  }
  const stream = connection.streams.get(id);
  if (stream === undefined) {
    lateData(connection, id, endStream);
    return null;
  }
  if (stream.remoteEnded) {
    connection.streamError(stream, ErrorCode.STREAM_CLOSED, "DATA after END_STREAM (RFC 9113, section 5.1)");
    return null;
  }
  if (!stream.remoteStarted) {
    connection.streamError(stream, ErrorCode.PROTOCOL_ERROR, "DATA before the header list of the response (RFC 9113, section 8.1)");
    return null;
  }
  if (flowLength > stream.receiveWindow) {
    connection.streamError(stream, ErrorCode.FLOW_CONTROL_ERROR, "DATA exceeds the window of the stream (RFC 9113, section 6.9.1)");
    return null;
  }
  stream.receiveWindow -= flowLength;
  stream.receivedLength += length;
  if (stream.expectedLength !== -1) {
    const difference = stream.receivedLength - stream.expectedLength;
    if (difference > 0 || (endStream && difference < 0)) {
      connection.streamError(
        stream,
        ErrorCode.PROTOCOL_ERROR,
        `content-length is ${stream.expectedLength}, the body has ${endStream ? "" : "at least "}${stream.receivedLength} octets (RFC 9113, section 8.1.1)`,
      );
      return null;
    }
  }
  return stream;
}

/** Handles DATA for a stream that is not open. */
function lateData(connection: Http2Connection, id: number, endStream: boolean): void {
  if (id === 0) connection.fail(ErrorCode.PROTOCOL_ERROR, "DATA on stream 0 (RFC 9113, section 6.1)");
  else if (connection.isIdle(id)) connection.fail(ErrorCode.PROTOCOL_ERROR, `DATA on stream ${id}, which is idle (RFC 9113, section 5.1)`);
  else if (connection.ignores(id)) {
    if (endStream) connection.closedStreams.peerEnded(id);
  } else connection.fail(ErrorCode.STREAM_CLOSED, `DATA on stream ${id}, which is closed (RFC 9113, section 5.1)`);
}

function deliver(connection: Http2Connection, stream: Http2Stream, buffer: Buffer, start: number, end: number, endStream: boolean): void {
  const length = end - start;
  if (length === 0 && !endStream) return;
  if (endStream) stream.remoteEnded = true;
  if (length > 0 && !holdData(connection, stream, length)) {
    connection.streamError(stream, ErrorCode.ENHANCE_YOUR_CALM, "the stream holds more than limits.maxStreamBuffer");
    return;
  }
  if (connection.held > connection.limits.maxConnectionBuffer * 2 + connection.connectionWindow) {
    connection.fail(ErrorCode.ENHANCE_YOUR_CALM, "the connection holds more than twice limits.maxConnectionBuffer");
    return;
  }
  const handler = stream.handler;
  if (handler.onData === undefined) creditStream(stream, length, 0);
  else {
    try {
      handler.onData(length === 0 ? noData : buffer.subarray(start, end), endStream, stream);
    } catch (error) {
      connection.callbackError(stream, error);
    }
  }
  if (endStream) connection.remoteEnd(stream);
}
