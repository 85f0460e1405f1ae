// HEADERS and CONTINUATION (RFC 9113, sections 4.3, 6.2 and 6.10), and the messages they carry
// (section 8.1).
import type { Http2Connection } from "../connection.ts";
import { ErrorCode } from "../errors.ts";
import { Flag, maxInt31 } from "../frame/types.ts";
import type { HeaderList } from "../headers/header-list.ts";
import { malformedRequest, malformedResponse, malformedTrailers } from "../headers/validate.ts";
import { writeHeaderList } from "../send.ts";
import type { Http2Stream } from "../stream.ts";

/** A header block that continues in CONTINUATION frames. */
export class HeaderBlock {
  readonly id: number;
  readonly endStream: boolean;
  readonly selfDependent: boolean;
  fragments: Buffer;
  length = 0;
  continuations = 0;

  constructor(id: number, endStream: boolean, selfDependent: boolean, size: number) {
    this.id = id;
    this.endStream = endStream;
    this.selfDependent = selfDependent;
    this.fragments = Buffer.allocUnsafeSlow(size);
  }

  add(buffer: Buffer, start: number, end: number): void {
    const length = this.length + end - start;
    if (length > this.fragments.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, this.fragments.length * 2));
      this.fragments.copy(grown, 0, 0, this.length);
      this.fragments = grown;
    }
    buffer.copy(this.fragments, this.length, start, end);
    this.length = length;
  }
}

export function receiveHeaders(connection: Http2Connection, buffer: Buffer, start: number, end: number, flags: number, id: number): void {
  if (id === 0) {
    connection.fail(ErrorCode.PROTOCOL_ERROR, "HEADERS on stream 0 (RFC 9113, section 6.2)");
    return;
  }
  let from = start;
  let to = end;
  let selfDependent = false;
  if ((flags & (Flag.PADDED | Flag.PRIORITY)) !== 0) {
    const fixed = ((flags & Flag.PADDED) !== 0 ? 1 : 0) + ((flags & Flag.PRIORITY) !== 0 ? 5 : 0);
    if (end - start < fixed) {
      connection.fail(ErrorCode.FRAME_SIZE_ERROR, `HEADERS of ${end - start} octets is too short for its fields (RFC 9113, section 6.2)`);
      return;
    }
    if ((flags & Flag.PADDED) !== 0) to -= buffer[from++] as number;
    if ((flags & Flag.PRIORITY) !== 0) {
      selfDependent = (buffer.readUInt32BE(from) & maxInt31) === id;
      from += 5;
    }
    if (to < from) {
      connection.fail(ErrorCode.PROTOCOL_ERROR, "the padding of HEADERS is longer than its fragment (RFC 9113, section 6.2)");
      return;
    }
  }
  const endStream = (flags & Flag.END_STREAM) !== 0;
  const limit = connection.limits.maxHeaderBlockSize;
  if (to - from > limit) {
    connection.fail(ErrorCode.ENHANCE_YOUR_CALM, `a header block of more than ${limit} octets`);
    return;
  }
  if ((flags & Flag.END_HEADERS) !== 0) {
    completeHeaders(connection, id, buffer, from, to, endStream, selfDependent);
    return;
  }
  if (from === to && !connection.budgets.emptyFrames.take(connection.now)) {
    connection.tooMany("empty HEADERS frames");
    return;
  }
  const block = new HeaderBlock(id, endStream, selfDependent, to - from);
  block.add(buffer, from, to);
  connection.beginHeaderBlock(block);
}

export function receiveContinuation(
  connection: Http2Connection,
  buffer: Buffer,
  start: number,
  end: number,
  flags: number,
  id: number,
): void {
  const block = connection.headerBlock;
  if (block === null) {
    connection.fail(ErrorCode.PROTOCOL_ERROR, `CONTINUATION on stream ${id} without HEADERS (RFC 9113, section 6.10)`);
    return;
  }
  const limits = connection.limits;
  if (++block.continuations > limits.maxContinuations) {
    connection.fail(ErrorCode.ENHANCE_YOUR_CALM, `a header block of more than ${limits.maxContinuations} CONTINUATION frames`);
    return;
  }
  if (block.length + end - start > limits.maxHeaderBlockSize) {
    connection.fail(ErrorCode.ENHANCE_YOUR_CALM, `a header block of more than ${limits.maxHeaderBlockSize} octets`);
    return;
  }
  if (start === end && !connection.budgets.emptyFrames.take(connection.now)) {
    connection.tooMany("empty CONTINUATION frames");
    return;
  }
  block.add(buffer, start, end);
  if ((flags & Flag.END_HEADERS) === 0) return;
  connection.endHeaderBlock();
  completeHeaders(connection, block.id, block.fragments, 0, block.length, block.endStream, block.selfDependent);
}

/**
 * Handles a complete header block. Blocks for closed streams are decoded as well, because they
 * change the state of the decoder (section 4.3).
 */
function completeHeaders(
  connection: Http2Connection,
  id: number,
  buffer: Buffer,
  start: number,
  end: number,
  endStream: boolean,
  selfDependent: boolean,
): void {
  const list = connection.decoder.decode(buffer, start, end, connection.limits.maxHeaderListSize);
  if (list === undefined && connection.decoder.fault?.kind === "compression") {
    connection.fail(ErrorCode.COMPRESSION_ERROR, connection.decoder.fault.reason);
    return;
  }
  const stream = connection.streams.get(id);
  if (stream === undefined) {
    if (connection.isServer) newRequest(connection, id, list, endStream, selfDependent);
    else lateHeaders(connection, id, endStream);
    return;
  }
  if (stream.remoteEnded) {
    connection.streamError(stream, ErrorCode.STREAM_CLOSED, "HEADERS after END_STREAM (RFC 9113, section 5.1)");
    return;
  }
  if (selfDependent) {
    connection.streamError(stream, ErrorCode.PROTOCOL_ERROR, "a stream depends on itself (RFC 7540, section 5.3.1)");
    return;
  }
  if (list === undefined) {
    connection.streamError(stream, ErrorCode.ENHANCE_YOUR_CALM, tooLarge(connection));
    return;
  }
  if (stream.remoteStarted) receiveTrailers(connection, stream, list, endStream);
  else receiveResponse(connection, stream, list, endStream);
}

function tooLarge(connection: Http2Connection): string {
  return `the peer's header list exceeds limits.maxHeaderListSize, ${connection.limits.maxHeaderListSize} octets`;
}

function newRequest(
  connection: Http2Connection,
  id: number,
  list: HeaderList | undefined,
  endStream: boolean,
  selfDependent: boolean,
): void {
  if ((id & 1) === 0) {
    connection.fail(ErrorCode.PROTOCOL_ERROR, `a client opens stream ${id}, which is even (RFC 9113, section 5.1.1)`);
    return;
  }
  const last = connection.lastPeerStream;
  if (id <= last) {
    lateHeaders(connection, id, endStream);
    return;
  }
  if (id !== last + 2) connection.closedStreams.addGap(last + 1, id - 1);
  connection.lastPeerStream = id;
  // Ignore streams above the last one of GOAWAY (section 6.8).
  if (id > connection.shutdown.lastAccepted) return;
  if (connection.streams.size >= connection.limits.maxConcurrentStreams) {
    refuseStream(connection, id, endStream);
    return;
  }
  if (selfDependent) {
    connection.rejectStream(id, ErrorCode.PROTOCOL_ERROR, "a stream depends on itself (RFC 7540, section 5.3.1)", endStream);
    return;
  }
  if (list === undefined) {
    rejectLargeRequest(connection, id, endStream);
    return;
  }
  const fault = malformedRequest(list);
  if (fault !== undefined) {
    connection.rejectStream(id, ErrorCode.PROTOCOL_ERROR, fault, endStream);
    return;
  }
  const expectedLength = list.contentLength ?? -1;
  if (endStream && expectedLength > 0) {
    const message = `content-length is ${expectedLength}, the body is empty (RFC 9113, section 8.1.1)`;
    connection.rejectStream(id, ErrorCode.PROTOCOL_ERROR, message, endStream);
    return;
  }
  connection.acceptStream(id, list, expectedLength, endStream);
}

/** Refuses a stream above SETTINGS_MAX_CONCURRENT_STREAMS (section 5.1.2). */
function refuseStream(connection: Http2Connection, id: number, endStream: boolean): void {
  if (!connection.budgets.refusedStreams.take(connection.now)) {
    connection.tooMany("streams above SETTINGS_MAX_CONCURRENT_STREAMS");
    return;
  }
  connection.output.rstStream(id, ErrorCode.REFUSED_STREAM);
  connection.schedule();
  if (!endStream) connection.closedStreams.addReset(id);
}

/** Responds to a request whose header list is too large. */
function rejectLargeRequest(connection: Http2Connection, id: number, endStream: boolean): void {
  if (!connection.budgets.streamErrors.take(connection.now)) {
    connection.tooMany("requests with large header lists");
    return;
  }
  writeHeaderList(connection, id, connection.config.tooLarge, true);
  if (endStream) return;
  connection.output.rstStream(id, ErrorCode.NO_ERROR);
  connection.closedStreams.addReset(id);
}

/** Handles HEADERS for a stream that is not open. */
function lateHeaders(connection: Http2Connection, id: number, endStream: boolean): void {
  if (connection.isIdle(id)) {
    connection.fail(ErrorCode.PROTOCOL_ERROR, `HEADERS on stream ${id}, which is idle (RFC 9113, section 5.1)`);
    return;
  }
  if (connection.ignores(id)) {
    if (endStream) connection.closedStreams.peerEnded(id);
    return;
  }
  if (connection.closedStreams.wasSkipped(id)) {
    const message = `stream ${id} is opened after stream ${connection.lastPeerStream} (RFC 9113, section 5.1.1)`;
    connection.fail(ErrorCode.PROTOCOL_ERROR, message);
    return;
  }
  connection.fail(ErrorCode.STREAM_CLOSED, `HEADERS on stream ${id}, which is closed (RFC 9113, section 5.1)`);
}

function receiveResponse(connection: Http2Connection, stream: Http2Stream, list: HeaderList, endStream: boolean): void {
  const fault = malformedResponse(list);
  if (fault !== undefined) {
    connection.streamError(stream, ErrorCode.PROTOCOL_ERROR, fault);
    return;
  }
  const status = list.status as number;
  if (status < 200) {
    // Skip informational responses. They must not end a stream (section 8.1).
    if (endStream) connection.streamError(stream, ErrorCode.PROTOCOL_ERROR, `the status ${status} ends the stream (RFC 9113, section 8.1)`);
    else if (!connection.budgets.ignoredFrames.take(connection.now)) connection.tooMany("informational responses");
    return;
  }
  stream.remoteStarted = true;
  // A response without a body may still have a content-length (section 8.1.1).
  const bodyless = stream.request.method === "HEAD" || status === 304 || status === 204;
  // A tunnel has no content-length (RFC 9110, section 9.3.6).
  const tunnel = stream.request.method === "CONNECT" && status < 300;
  stream.expectedLength = bodyless ? 0 : tunnel ? -1 : (list.contentLength ?? -1);
  if (endStream && stream.expectedLength > 0) {
    const message = `content-length is ${stream.expectedLength}, the body is empty (RFC 9113, section 8.1.1)`;
    connection.streamError(stream, ErrorCode.PROTOCOL_ERROR, message);
    return;
  }
  if (endStream) stream.remoteEnded = true;
  try {
    stream.handler.onHeaders?.(list, endStream, stream);
  } catch (error) {
    connection.callbackError(stream, error);
  }
  if (endStream) connection.remoteEnd(stream);
}

function receiveTrailers(connection: Http2Connection, stream: Http2Stream, list: HeaderList, endStream: boolean): void {
  if (!endStream) {
    connection.streamError(stream, ErrorCode.PROTOCOL_ERROR, "trailers without END_STREAM (RFC 9113, section 8.1)");
    return;
  }
  const fault = malformedTrailers(list);
  if (fault !== undefined) {
    connection.streamError(stream, ErrorCode.PROTOCOL_ERROR, fault);
    return;
  }
  if (stream.expectedLength !== -1 && stream.receivedLength !== stream.expectedLength) {
    const message = `content-length is ${stream.expectedLength}, the body has ${stream.receivedLength} octets (RFC 9113, section 8.1.1)`;
    connection.streamError(stream, ErrorCode.PROTOCOL_ERROR, message);
    return;
  }
  stream.remoteEnded = true;
  try {
    stream.handler.onTrailers?.(list, stream);
  } catch (error) {
    connection.callbackError(stream, error);
  }
  connection.remoteEnd(stream);
}
