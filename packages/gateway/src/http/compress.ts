// Compresses bodies and messages in the thread pool.
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { ContentCoding } from "./accept-encoding.ts";

/** Minimum size in bytes of what is compressed: less fits one packet anyway. */
export const minCompressedBytes = 1024;

const compressGzip = promisify(gzip);
const compressBrotli = promisify(brotliCompress);

export function compress(content: string | Uint8Array, coding: ContentCoding): Promise<Buffer> {
  if (coding === "gzip") return compressGzip(content);
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = constants;
  // The default quality, 11, takes a hundred times as long.
  return compressBrotli(content, { params: { [BROTLI_PARAM_QUALITY]: 4, [BROTLI_PARAM_SIZE_HINT]: content.length } });
}
