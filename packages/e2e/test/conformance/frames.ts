// Cases, as Node's http2 takes them.
import type { Entries, Frame } from "./data/case.ts";

export function toFrame({ flag, bytes }: Frame): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

export function toHttp2Headers(entries: Entries): Record<string, string | string[]> {
  // One value as it is: the fields that HTTP/2 and gRPC know must not be lists.
  return Object.fromEntries(
    Object.entries(entries).map(([name, [first = "", ...more]]) => [name, more.length === 0 ? first : [first, ...more]]),
  );
}
