// The status codes of gRPC, and their names in Connect.

/** The names, by code. */
export const codeNames = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

export type CodeName = (typeof codeNames)[number];

/** The detail of an error. */
export interface ErrorDetail {
  /** The full name of its type. */
  readonly type: string;
  /** Its bytes, in base64. */
  readonly value: string;
  /** The detail in JSON, if the gateway knows its type. */
  readonly debug: unknown;
}

export interface Status {
  readonly code: CodeName;
  readonly message: string;
  readonly details: readonly ErrorDetail[];
  /** Whether the page itself ended the call, without a status of the server. */
  readonly local: boolean;
}

export const ok: Status = { code: "OK", message: "", details: [], local: false };

/** A status of the page itself. */
export function localStatus(code: CodeName, message: string): Status {
  return { code, message, details: [], local: true };
}

/** The number of a code. */
export function codeNumber(code: CodeName): number {
  return codeNames.indexOf(code);
}

/** The code of a name in Connect, such as `not_found`. */
export function codeOf(name: unknown): CodeName {
  if (name === "canceled") return "CANCELLED";
  return codeNames.find((one) => one.toLowerCase() === name) ?? "UNKNOWN";
}

/** Reads an error of Connect: https://connectrpc.com/docs/protocol/#error-end-stream */
export function statusOf(error: unknown): Status {
  const { code, message, details } = asObject(error);
  return {
    code: codeOf(code),
    message: typeof message === "string" ? message : "",
    details: Array.isArray(details) ? details.map(detailOf) : [],
    local: false,
  };
}

function detailOf(detail: unknown): ErrorDetail {
  const { type, value, debug } = asObject(detail);
  return { type: String(type), value: String(value), debug };
}

export function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** The code for a response of HTTP without an error of Connect: https://connectrpc.com/docs/protocol/#http-to-error-code */
export function codeOfHttp(status: number): CodeName {
  const codes: Readonly<Record<number, CodeName>> = {
    400: "INTERNAL",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "UNIMPLEMENTED",
    429: "UNAVAILABLE",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "UNAVAILABLE",
  };
  return codes[status] ?? "UNKNOWN";
}
