// Dispatches all frames except DATA by type.
import type { Http2Connection } from "../connection.ts";
import { ErrorCode } from "../errors.ts";
import { FrameType } from "../frame/types.ts";
import { receiveGoaway, receivePing, receivePriority, receiveRstStream, receiveWindowUpdate } from "./control.ts";
import { receiveContinuation, receiveHeaders } from "./headers.ts";
import { receiveSettings } from "./settings.ts";

/** `buffer[start, end)` is the payload. */
export function receiveFrame(
  connection: Http2Connection,
  buffer: Buffer,
  start: number,
  end: number,
  type: number,
  flags: number,
  id: number,
): void {
  if (!connection.settled && !connection.mayReceive(id, type)) return;
  switch (type) {
    case FrameType.HEADERS:
      receiveHeaders(connection, buffer, start, end, flags, id);
      return;
    case FrameType.WINDOW_UPDATE:
      receiveWindowUpdate(connection, buffer, start, end, id);
      return;
    case FrameType.RST_STREAM:
      receiveRstStream(connection, buffer, start, end, id);
      return;
    case FrameType.SETTINGS:
      receiveSettings(connection, buffer, start, end, flags, id);
      return;
    case FrameType.PING:
      receivePing(connection, buffer, start, end, flags, id);
      return;
    case FrameType.GOAWAY:
      receiveGoaway(connection, buffer, start, end, id);
      return;
    case FrameType.PRIORITY:
      receivePriority(connection, buffer, start, end, id);
      return;
    case FrameType.CONTINUATION:
      receiveContinuation(connection, buffer, start, end, flags, id);
      return;
    case FrameType.PUSH_PROMISE:
      // Clients announce SETTINGS_ENABLE_PUSH 0, and servers receive no pushes.
      connection.fail(ErrorCode.PROTOCOL_ERROR, "PUSH_PROMISE, but push is off (RFC 9113, sections 6.6 and 8.4)");
      return;
    default:
      // Frames of unknown types are ignored (RFC 9113, section 4.1).
      if (!connection.budgets.ignoredFrames.take(connection.now)) connection.tooMany("frames of unknown types");
  }
}
