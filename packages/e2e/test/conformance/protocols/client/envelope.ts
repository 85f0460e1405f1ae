// The five-byte prefix of messages in gRPC, gRPC-Web and the streams of Connect, and compression.
import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync, gzipSync } from "node:zlib";
import { Code, Compression } from "../../../../gen/connectrpc/conformance/v1/config_pb.js";
import { ConnectionFailure } from "./http.ts";

export const encodingNames: Readonly<Record<number, string>> = {
  [Compression.UNSPECIFIED]: "identity",
  [Compression.IDENTITY]: "identity",
  [Compression.GZIP]: "gzip",
  [Compression.BR]: "br",
};

export function compress(bytes: Uint8Array, encoding: string): Uint8Array {
  if (encoding === "gzip") return gzipSync(bytes);
  if (encoding === "br") return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
  return bytes;
}

export function decompress(bytes: Uint8Array, encoding: string | undefined): Uint8Array {
  if (encoding === undefined || encoding === "identity") return bytes;
  if (encoding === "gzip") return gunzipSync(bytes);
  if (encoding === "br") return brotliDecompressSync(bytes);
  throw new ConnectionFailure(Code.INTERNAL, `the response has the unexpected encoding ${encoding}`);
}

export interface Envelope {
  readonly flags: number;
  readonly data: Uint8Array;
}

export function envelope(flags: number, data: Uint8Array, length = data.length): Uint8Array {
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, data]);
}

export async function* readEnvelopes(body: AsyncIterable<Uint8Array>): AsyncIterable<Envelope> {
  let buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    buffer = Buffer.concat([buffer, chunk]);
    while (buffer.length >= 5) {
      const end = 5 + buffer.readUInt32BE(1);
      if (buffer.length < end) break;
      yield { flags: buffer[0] ?? 0, data: buffer.subarray(5, end) };
      buffer = buffer.subarray(end);
    }
  }
  if (buffer.length > 0) throw new ConnectionFailure(Code.INTERNAL, "the response ends inside a message");
}
