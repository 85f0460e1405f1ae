// Frame types, flags and sizes (RFC 9113, sections 4.1 and 6).

export const FrameType = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const;

export const Flag = {
  /** DATA, HEADERS. */
  END_STREAM: 0x1,
  /** SETTINGS, PING. */
  ACK: 0x1,
  /** HEADERS, CONTINUATION. */
  END_HEADERS: 0x4,
  /** DATA, HEADERS. */
  PADDED: 0x8,
  /** HEADERS. */
  PRIORITY: 0x20,
} as const;

/** The size of a frame header in octets. */
export const frameHeaderSize = 9;

/** The maximum frame size until SETTINGS_MAX_FRAME_SIZE changes it (section 4.2). */
export const defaultFrameSize = 16_384;

/** The windows until SETTINGS_INITIAL_WINDOW_SIZE and WINDOW_UPDATE change them (section 6.9.2). */
export const defaultWindow = 65_535;

/** The largest stream identifier, window and window increment. */
export const maxInt31 = 0x7fff_ffff;

/** The client's connection preface (section 3.4). */
export const clientPreface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
