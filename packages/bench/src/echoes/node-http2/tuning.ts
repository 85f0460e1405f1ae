// Settings that make node:http2 faster than its defaults.
import type { OutgoingHttpHeaders } from "node:http2";

/**
 * Window size of a stream and of a connection, in bytes. The engine's windows grow to it.
 * node:http2's stay at 65,535 bytes by default.
 */
export const windowSize = 16 * 2 ** 20;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

/**
 * The fields as an array, which makes a response a tenth faster than an object, if Node supports it
 * (24.7).
 */
export const headersOf = (fields: Readonly<Record<string, string>>): OutgoingHttpHeaders | readonly string[] =>
  major > 24 || (major === 24 && minor >= 7) ? Object.entries(fields).flat() : { ...fields };
