// PING, GOAWAY, WINDOW_UPDATE, RST_STREAM and PRIORITY (RFC 9113, sections 6.3, 6.4 and 6.7 to
// 6.9).
import type { Http2Connection } from "../connection.ts";
import { ErrorCode, errorCodeName } from "../errors.ts";
import { Flag, maxInt31 } from "../frame/types.ts";
import { enqueue } from "../send.ts";

export function receivePing(connection: Http2Connection, buffer: Buffer, start: number, end: number, flags: number, id: number): void {
  if (id !== 0) {
    connection.fail(ErrorCode.PROTOCOL_ERROR, `PING on stream ${id} (RFC 9113, section 6.7)`);
    return;
  }
  if (end - start !== 8) {
    connection.fail(ErrorCode.FRAME_SIZE_ERROR, `PING of ${end - start} octets (RFC 9113, section 6.7)`);
    return;
  }
  if ((flags & Flag.ACK) !== 0) {
    if (!connection.pings.acknowledge(buffer, start) && !connection.budgets.ignoredFrames.take(connection.now)) {
      connection.tooMany("acknowledgements of PINGs that were not sent");
    }
    return;
  }
  // Peers that measure the bandwidth-delay product, such as grpc-go, send a PING when they receive
  // data.
  connection.budgets.pings.add(connection.dataFramesSent - connection.dataFramesPinged);
  connection.dataFramesPinged = connection.dataFramesSent;
  if (!connection.budgets.pings.take(connection.now)) {
    connection.tooMany("PING frames");
    return;
  }
  connection.output.pingAck(buffer, start);
  connection.schedule();
}

export function receiveGoaway(connection: Http2Connection, buffer: Buffer, start: number, end: number, id: number): void {
  if (id !== 0) {
    connection.fail(ErrorCode.PROTOCOL_ERROR, `GOAWAY on stream ${id} (RFC 9113, section 6.8)`);
    return;
  }
  if (end - start < 8) {
    connection.fail(ErrorCode.FRAME_SIZE_ERROR, `GOAWAY of ${end - start} octets (RFC 9113, section 6.8)`);
    return;
  }
  if (!connection.budgets.settings.take(connection.now)) {
    connection.tooMany("GOAWAY frames");
    return;
  }
  connection.shutdown.received({
    lastStreamId: buffer.readUInt32BE(start) & maxInt31,
    code: buffer.readUInt32BE(start + 4),
    debugData: buffer.toString("latin1", start + 8, Math.min(end, start + 8 + 1024)),
  });
}

export function receiveWindowUpdate(connection: Http2Connection, buffer: Buffer, start: number, end: number, id: number): void {
  if (end - start !== 4) {
    connection.fail(ErrorCode.FRAME_SIZE_ERROR, `WINDOW_UPDATE of ${end - start} octets (RFC 9113, section 6.9)`);
    return;
  }
  const increment = buffer.readUInt32BE(start) & maxInt31;
  const updates = connection.budgets.windowUpdates;
  updates.add((connection.dataFramesSent - connection.dataFramesUpdated) * 2);
  connection.dataFramesUpdated = connection.dataFramesSent;
  if (!updates.take(connection.now)) {
    connection.tooMany("WINDOW_UPDATE frames");
    return;
  }
  if (id === 0) {
    if (increment === 0) {
      connection.fail(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE by 0 (RFC 9113, section 6.9)");
      return;
    }
    connection.sendWindow += increment;
    if (connection.sendWindow > maxInt31) {
      connection.fail(ErrorCode.FLOW_CONTROL_ERROR, "WINDOW_UPDATE makes the window too large (RFC 9113, section 6.9.1)");
      return;
    }
    if (connection.firstReady !== null) connection.schedule();
    return;
  }
  const stream = connection.streams.get(id);
  if (stream === undefined) {
    // On a closed stream it is not an error (section 5.1).
    if (connection.isIdle(id))
      connection.fail(ErrorCode.PROTOCOL_ERROR, `WINDOW_UPDATE on stream ${id}, which is idle (RFC 9113, section 5.1)`);
    return;
  }
  if (increment === 0) {
    connection.streamError(stream, ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE by 0 (RFC 9113, section 6.9)");
    return;
  }
  stream.sendWindow += increment;
  if (stream.sendWindow > maxInt31) {
    connection.streamError(stream, ErrorCode.FLOW_CONTROL_ERROR, "WINDOW_UPDATE makes the window too large (RFC 9113, section 6.9.1)");
    return;
  }
  if (stream.queue !== null && stream.sendWindow > 0) enqueue(stream);
}

export function receiveRstStream(connection: Http2Connection, buffer: Buffer, start: number, end: number, id: number): void {
  if (end - start !== 4) {
    connection.fail(ErrorCode.FRAME_SIZE_ERROR, `RST_STREAM of ${end - start} octets (RFC 9113, section 6.4)`);
    return;
  }
  if (id === 0) {
    connection.fail(ErrorCode.PROTOCOL_ERROR, "RST_STREAM on stream 0 (RFC 9113, section 6.4)");
    return;
  }
  const stream = connection.streams.get(id);
  if (stream === undefined) {
    if (connection.isIdle(id)) {
      connection.fail(ErrorCode.PROTOCOL_ERROR, `RST_STREAM on stream ${id}, which is idle (RFC 9113, section 6.4)`);
      return;
    }
    connection.closedStreams.peerEnded(id);
    // One RST_STREAM per closed stream is legitimate: it crosses the end of the stream on the wire,
    // or a server sends NO_ERROR after its response (section 8.1).
    connection.budgets.ignoredFrames.add(connection.streamsBegun - connection.streamsCounted);
    connection.streamsCounted = connection.streamsBegun;
    if (!connection.budgets.ignoredFrames.take(connection.now)) connection.tooMany("RST_STREAM frames on closed streams");
    return;
  }
  const code = buffer.readUInt32BE(start);
  // A server limits resets, because each wastes the work of a handler (CVE-2023-44487). A client
  // opens its streams itself. Honest clients that make many calls cancel many, so completed streams
  // earn resets.
  if (connection.isServer) {
    const { resets } = connection.budgets;
    resets.earn(connection.streamsCompleted - connection.streamsEarned);
    connection.streamsEarned = connection.streamsCompleted;
    if (!resets.take(connection.now)) {
      connection.tooMany("RST_STREAM frames");
      return;
    }
  }
  connection.endStream(stream, {
    code,
    message: `the peer reset the stream: ${errorCodeName(code)}`,
    source: "peer",
    unprocessed: code === ErrorCode.REFUSED_STREAM,
  });
}

/** PRIORITY is checked and ignored (RFC 9113, sections 5.3.2 and 6.3). */
export function receivePriority(connection: Http2Connection, buffer: Buffer, start: number, end: number, id: number): void {
  if (id === 0) {
    connection.fail(ErrorCode.PROTOCOL_ERROR, "PRIORITY on stream 0 (RFC 9113, section 6.3)");
    return;
  }
  if (!connection.budgets.ignoredFrames.take(connection.now)) {
    connection.tooMany("PRIORITY frames");
    return;
  }
  if (end - start !== 5) {
    priorityError(connection, id, ErrorCode.FRAME_SIZE_ERROR, `PRIORITY of ${end - start} octets (RFC 9113, section 6.3)`);
  } else if ((buffer.readUInt32BE(start) & maxInt31) === id) {
    priorityError(connection, id, ErrorCode.PROTOCOL_ERROR, "a stream depends on itself (RFC 7540, section 5.3.1)");
  }
}

/**
 * Reports a stream error, also for a closed stream. An idle stream cannot be reset, so there it is
 * a connection error.
 */
function priorityError(connection: Http2Connection, id: number, code: number, message: string): void {
  const stream = connection.streams.get(id);
  if (stream !== undefined) connection.streamError(stream, code, message);
  else if (connection.isIdle(id)) connection.fail(code, message);
  else connection.rejectStream(id, code, message, true);
}
