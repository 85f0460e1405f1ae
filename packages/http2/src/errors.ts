// Error codes (RFC 9113, section 7) and the errors that the engine reports.

/**
 * The error codes of RFC 9113, section 7. Peers may send other values; treat them as
 * INTERNAL_ERROR.
 */
export const ErrorCode = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
} as const;

const names = new Map<number, string>(Object.entries(ErrorCode).map(([name, code]) => [code, name]));

/**
 * Returns the name of an error code for messages: `REFUSED_STREAM`, or `error 0x1f` for a code that
 * RFC 9113 does not define.
 */
export function errorCodeName(code: number): string {
  return names.get(code) ?? `error 0x${code.toString(16)}`;
}

/** A connection error, or an API call that is invalid in the state of the connection. */
export class Http2Error extends Error {
  override readonly name = "Http2Error";
  /** The error code of RFC 9113, section 7: one of `ErrorCode`, or another code from the peer. */
  readonly code: number;
  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
