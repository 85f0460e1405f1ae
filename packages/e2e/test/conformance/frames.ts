// Converts frames and headers of test cases to the form that Node's http2 accepts.
import type { Entries, Frame } from "./data/case.ts";

export function toFrame({ flag, bytes }: Frame): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

export function toHttp2Headers(entries: Entries): Record<string, string | string[]> {
  // A single value must stay a string: HTTP/2 and gRPC forbid lists for their own fields.
  return Object.fromEntries(
    Object.entries(entries).map(([name, [first = "", ...more]]) => [name, more.length === 0 ? first : [first, ...more]]),
  );
}
