// SETTINGS (RFC 9113, section 6.5).
import type { Http2Connection } from "../connection.ts";
import { ErrorCode } from "../errors.ts";
import { Flag, maxInt31 } from "../frame/types.ts";
import { enqueue } from "../send.ts";
import { SettingId } from "../settings.ts";

export function receiveSettings(connection: Http2Connection, buffer: Buffer, start: number, end: number, flags: number, id: number): void {
  const length = end - start;
  if (id !== 0) {
    connection.fail(ErrorCode.PROTOCOL_ERROR, `SETTINGS on stream ${id} (RFC 9113, section 6.5)`);
    return;
  }
  if ((flags & Flag.ACK) !== 0) {
    if (length !== 0) {
      connection.fail(ErrorCode.FRAME_SIZE_ERROR, "a SETTINGS acknowledgement has a payload (RFC 9113, section 6.5)");
      return;
    }
    connection.localSettings.acknowledged();
    return;
  }
  if (length % 6 !== 0) {
    connection.fail(ErrorCode.FRAME_SIZE_ERROR, `SETTINGS of ${length} octets, which is not a multiple of 6 (RFC 9113, section 6.5)`);
    return;
  }
  // A frame can hold thousands of settings, so every 100 count as one frame.
  for (let cost = 0; cost <= length; cost += 600) {
    if (!connection.budgets.settings.take(connection.now)) {
      connection.tooMany("SETTINGS frames");
      return;
    }
  }
  for (let at = start; at < end; at += 6) {
    if (!applySetting(connection, buffer.readUInt16BE(at), buffer.readUInt32BE(at + 2))) return;
  }
  connection.output.settingsAck();
  connection.schedule();
  connection.settingsChanged();
}

/** Returns false if the connection failed. Unknown settings are ignored (section 6.5.2). */
function applySetting(connection: Http2Connection, id: number, value: number): boolean {
  const settings = connection.remoteSettings;
  switch (id) {
    case SettingId.HEADER_TABLE_SIZE:
      settings.headerTableSize = value;
      connection.encoder.setMaxTableSize(value);
      break;
    case SettingId.ENABLE_PUSH:
      // A server must not announce 1 (section 6.5.2).
      if (value > 1 || (value === 1 && !connection.isServer)) {
        connection.fail(ErrorCode.PROTOCOL_ERROR, `SETTINGS_ENABLE_PUSH is ${value} (RFC 9113, section 6.5.2)`);
        return false;
      }
      settings.enablePush = value === 1;
      break;
    case SettingId.MAX_CONCURRENT_STREAMS:
      settings.maxConcurrentStreams = value;
      break;
    case SettingId.INITIAL_WINDOW_SIZE:
      if (value > maxInt31) {
        connection.fail(ErrorCode.FLOW_CONTROL_ERROR, `SETTINGS_INITIAL_WINDOW_SIZE is ${value} (RFC 9113, section 6.5.2)`);
        return false;
      }
      return changeInitialWindow(connection, value);
    case SettingId.MAX_FRAME_SIZE:
      if (value < 16_384 || value > 0xff_ffff) {
        connection.fail(ErrorCode.PROTOCOL_ERROR, `SETTINGS_MAX_FRAME_SIZE is ${value} (RFC 9113, section 6.5.2)`);
        return false;
      }
      settings.maxFrameSize = value;
      connection.setFrameLimit(value);
      break;
    case SettingId.MAX_HEADER_LIST_SIZE:
      settings.maxHeaderListSize = value;
      break;
    case SettingId.ENABLE_CONNECT_PROTOCOL:
      // 0 must not follow 1 (RFC 8441, section 3).
      if (value > 1 || (value === 0 && settings.enableConnectProtocol)) {
        connection.fail(ErrorCode.PROTOCOL_ERROR, `SETTINGS_ENABLE_CONNECT_PROTOCOL is ${value} (RFC 8441, section 3)`);
        return false;
      }
      settings.enableConnectProtocol = value === 1;
      break;
  }
  return true;
}

/** Changes the windows of all open streams by the difference, possibly below 0 (section 6.9.2). */
function changeInitialWindow(connection: Http2Connection, value: number): boolean {
  const difference = value - connection.remoteSettings.initialWindowSize;
  connection.remoteSettings.initialWindowSize = value;
  if (difference === 0) return true;
  for (const stream of connection.streams.all()) {
    stream.sendWindow += difference;
    if (stream.sendWindow > maxInt31) {
      connection.fail(ErrorCode.FLOW_CONTROL_ERROR, "SETTINGS_INITIAL_WINDOW_SIZE makes a window too large (RFC 9113, section 6.9.2)");
      return false;
    }
    if (stream.queue !== null && stream.sendWindow > 0) enqueue(stream);
  }
  return true;
}
