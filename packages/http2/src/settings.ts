// SETTINGS (RFC 9113, section 6.5).

/** The settings of one side. Sizes are bytes. */
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
