// Sends header lists and DATA within both levels of flow control (RFC 9113, sections 5.2 and 6.9)
// and the capacity of the socket.
import type { Http2Connection } from "./connection.ts";
import { ErrorCode } from "./errors.ts";
import { Flag, FrameType, frameHeaderSize } from "./frame/types.ts";
import type { HeaderList } from "./headers/header-list.ts";
import { SendQueue } from "./send-queue.ts";
import type { Http2Stream } from "./stream.ts";

/**
 * Writes HEADERS, and CONTINUATION if the block is larger than a frame. Returns `false` if the
 * stream was reset instead.
 */
export function sendHeaderList(stream: Http2Stream, list: HeaderList, endStream: boolean): boolean {
  const connection = stream.connection;
  if (list.size > connection.remoteSettings.maxHeaderListSize) {
    const message = `a header list of ${list.size} octets exceeds the peer's SETTINGS_MAX_HEADER_LIST_SIZE of ${connection.remoteSettings.maxHeaderListSize}`;
    connection.resetStream(stream, ErrorCode.INTERNAL_ERROR, message, "local");
    return false;
  }
  writeHeaderList(connection, stream.id, list, endStream);
  return true;
}

export function writeHeaderList(connection: Http2Connection, id: number, list: HeaderList, endStream: boolean): void {
  const output = connection.output;
  const encoder = connection.encoder;
  const buffer = output.reserve(frameHeaderSize + encoder.maxEncodedLength(list));
  const start = output.position;
  const blockStart = start + frameHeaderSize;
  const blockEnd = encoder.encode(list, buffer, blockStart);
  const length = blockEnd - blockStart;
  const flags = endStream ? Flag.END_STREAM : 0;
  const frameLimit = connection.frameLimit;
  if (length <= frameLimit) {
    output.header(length, FrameType.HEADERS, flags | Flag.END_HEADERS, id);
    output.advance(blockEnd);
  } else {
    const block = Buffer.from(buffer.subarray(blockStart, blockEnd));
    for (let from = 0; from < length; from += frameLimit) {
      const to = Math.min(from + frameLimit, length);
      output.reserve(frameHeaderSize + to - from);
      const endHeaders = to === length ? Flag.END_HEADERS : 0;
      if (from === 0) output.header(to, FrameType.HEADERS, flags | endHeaders, id);
      else output.header(to - from, FrameType.CONTINUATION, endHeaders, id);
      output.octets(block, from, to);
    }
  }
  connection.schedule();
}

/**
 * The maximum size of an extended DATA frame in octets. Every peer accepts it (RFC 9113, section
 * 4.2).
 */
const smallFrame = 16_384;

export const noOctets = new Uint8Array(0);

/**
 * Sends octets immediately if possible, and otherwise queues them.
 *
 * @param prefix octets to send before `data`. The caller may change them afterwards.
 */
export function sendData(stream: Http2Stream, data: Uint8Array, endStream: boolean, prefix: Uint8Array): void {
  const connection = stream.connection;
  const length = prefix.length + data.length;
  if (prefix.length > 0 && length > smallFrame) {
    sendData(stream, Buffer.from(prefix), false, noOctets);
    if (!stream.closed) sendData(stream, data, endStream, noOctets);
    return;
  }
  if (stream.queue === null) {
    if (
      length === 0 ||
      (length <= connection.frameLimit && length <= stream.sendWindow && length <= connection.sendWindow && !connection.output.blocked)
    ) {
      if (length === 0 && !endStream) return;
      const output = connection.output;
      if (!output.lengthenData(stream.id, prefix, data, endStream, smallFrame)) output.data(stream.id, prefix, data, endStream);
      // A peer may credit each part.
      connection.dataFramesSent++;
      stream.sendWindow -= length;
      connection.sendWindow -= length;
      connection.schedule();
      if (endStream) sendEnd(stream);
      return;
    }
    stream.queue = new SendQueue();
  }
  const queue = stream.queue;
  const cost = queue.cost;
  if (length > 0) queue.parts.push(prefix.length > 0 ? Buffer.concat([prefix, data], length) : data);
  queue.size += length;
  queue.end = endStream;
  countQueued(connection, queue.cost - cost);
  if (connection.queued > connection.limits.maxSendBuffer || processQueue.cost > connection.limits.maxProcessSendBuffer) {
    connection.resetStream(stream, ErrorCode.ENHANCE_YOUR_CALM, "the octets waiting to be sent exceed limits.maxSendBuffer", "local");
  } else if (stream.sendWindow > 0) enqueue(stream);
}

/** The octets and overhead that wait in the whole process. */
const processQueue = { cost: 0 };

function countQueued(connection: Http2Connection, cost: number): void {
  connection.queued += cost;
  processQueue.cost += cost;
}

/** Discards the queue of a closed stream. */
export function dropQueue(stream: Http2Stream): void {
  if (stream.queue === null) return;
  countQueued(stream.connection, -stream.queue.cost);
  stream.queue = null;
  if (stream.ready) removeReady(stream);
}

/** Called after END_STREAM was sent. */
export function sendEnd(stream: Http2Stream): void {
  stream.localEnded = true;
  if (stream.remoteEnded) stream.connection.closeStream(stream);
  else if (stream.connection.isServer) stream.connection.completeEarly(stream);
}

/** Appends a stream with a queue to the list of streams that can send. */
export function enqueue(stream: Http2Stream): void {
  const connection = stream.connection;
  if (!stream.ready) {
    stream.ready = true;
    if (connection.lastReady === null) connection.firstReady = stream;
    else connection.lastReady.nextReady = stream;
    stream.previousReady = connection.lastReady;
    connection.lastReady = stream;
  }
  connection.schedule();
}

/**
 * Removes a stream from the list. Otherwise a closed stream would stay in it until the window of
 * the connection opens.
 */
function removeReady(stream: Http2Stream): void {
  const { connection, previousReady, nextReady } = stream;
  if (previousReady === null) connection.firstReady = nextReady;
  else previousReady.nextReady = nextReady;
  if (nextReady === null) connection.lastReady = previousReady;
  else nextReady.previousReady = previousReady;
  stream.previousReady = null;
  stream.nextReady = null;
  stream.ready = false;
}

/**
 * Sends queued data: one frame of each stream in turn, so that a large message does not block
 * others.
 */
export function pump(connection: Http2Connection): void {
  const output = connection.output;
  while (connection.firstReady !== null && connection.sendWindow > 0 && !output.blocked) {
    const stream: Http2Stream = connection.firstReady;
    removeReady(stream);
    const queue = stream.queue;
    if (stream.closed || queue === null) continue;
    sendFrame(connection, stream, queue);
    if (queue.size > 0) {
      if (stream.sendWindow > 0) enqueue(stream);
      continue;
    }
    stream.queue = null;
    if (queue.trailers !== null) {
      if (sendHeaderList(stream, queue.trailers, true)) sendEnd(stream);
    } else if (queue.end) sendEnd(stream);
    if (stream.wantsDrain && !stream.closed) connection.drainWaiters.add(stream);
  }
  if (output.blocked || connection.drainWaiters.size === 0) return;
  const waiters = [...connection.drainWaiters];
  connection.drainWaiters.clear();
  for (const stream of waiters) connection.drainStream(stream);
}

function sendFrame(connection: Http2Connection, stream: Http2Stream, queue: SendQueue): void {
  const length = Math.min(queue.size, connection.frameLimit, stream.sendWindow, connection.sendWindow);
  if (length <= 0) return;
  const output = connection.output;
  const cost = queue.cost;
  output.reserve(frameHeaderSize + length);
  const ends = length === queue.size && queue.end && queue.trailers === null;
  output.header(length, FrameType.DATA, ends ? Flag.END_STREAM : 0, stream.id);
  const parts = queue.parts;
  let left = length;
  let sent = 0;
  while (left > 0) {
    const part = parts[sent] as Uint8Array;
    const take = Math.min(left, part.length - queue.offset);
    output.octets(part, queue.offset, queue.offset + take);
    left -= take;
    if (queue.offset + take === part.length) {
      sent++;
      queue.offset = 0;
    } else queue.offset += take;
  }
  if (sent > 0) parts.splice(0, sent);
  queue.size -= length;
  countQueued(connection, queue.cost - cost);
  stream.sendWindow -= length;
  connection.sendWindow -= length;
  connection.dataFramesSent++;
}
