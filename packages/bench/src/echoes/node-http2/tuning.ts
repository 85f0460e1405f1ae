// What makes node:http2 faster than its defaults.
import type { OutgoingHttpHeaders } from "node:http2";

/** Bytes, of a stream and of a connection: what the engine's windows grow to. node:http2's are 65,535 bytes, and stay so. */
export const windowSize = 16 * 2 ** 20;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

/** As an array, which costs a response a tenth less than an object, where Node takes one (24.7). */
export const headersOf = (fields: Readonly<Record<string, string>>): OutgoingHttpHeaders | readonly string[] =>
  major > 24 || (major === 24 && minor >= 7) ? Object.entries(fields).flat() : { ...fields };
