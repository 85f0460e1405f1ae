// Cases in the form of node:http2.
import type { Entries, Frame } from "./data/case.ts";

export function toFrame({ flag, bytes }: Frame): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

export function toHttp2Headers(entries: Entries): Record<string, string | string[]> {
  // A single value must not be a list, since HTTP/2 and gRPC allow some fields only once.
  return Object.fromEntries(
    Object.entries(entries).map(([name, [first = "", ...more]]) => [name, more.length === 0 ? first : [first, ...more]]),
  );
}
