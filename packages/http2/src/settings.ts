// SETTINGS (RFC 9113, section 6.5).
import { defaultFrameSize, defaultWindow } from "./frame/types.ts";

/** The settings of one side. Sizes are in bytes. */
export interface Settings {
  headerTableSize: number;
  enablePush: boolean;
  maxConcurrentStreams: number;
  initialWindowSize: number;
  maxFrameSize: number;
  maxHeaderListSize: number;
  /** SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441). */
  enableConnectProtocol: boolean;
}

/** The settings of a peer until its first SETTINGS frame (RFC 9113, section 6.5.2). */
export function defaultSettings(): Settings {
  return {
    headerTableSize: 4096,
    enablePush: true,
    maxConcurrentStreams: 0xffff_ffff,
    initialWindowSize: defaultWindow,
    maxFrameSize: defaultFrameSize,
    maxHeaderListSize: 0xffff_ffff,
    enableConnectProtocol: false,
  };
}

/** The identifiers of RFC 9113, section 6.5.2, and RFC 8441, section 3. */
export const SettingId = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
  ENABLE_CONNECT_PROTOCOL: 0x8,
} as const;
