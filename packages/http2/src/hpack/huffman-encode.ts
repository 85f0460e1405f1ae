// Huffman encoding of a string with one octet per character (RFC 7541, 5.2).

import { huffmanCodes, huffmanLengths } from "./huffman-code.ts";

/** Returns the Huffman-coded length of `text` in octets, including padding. */
export function huffmanEncodedLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += huffmanLengths[text.charCodeAt(i)] as number;
  return (bits + 7) >>> 3;
}

/** Writes `text` Huffman-coded at `offset` and returns the offset after it. */
export function huffmanEncode(text: string, output: Uint8Array, offset: number): number {
  let at = offset;
  let bits = 0; // pending code bits, at most 7 between two symbols
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const octet = text.charCodeAt(i);
    let code = huffmanCodes[octet] as number;
    let length = huffmanLengths[octet] as number;
    if (length > 24) {
      // 7 + 30 bits exceed 32, so write the upper part of a long code first.
      length -= 16;
      bits = (bits << length) | (code >>> 16);
      count += length;
      for (; count >= 8; count -= 8) output[at++] = bits >>> (count - 8);
      code &= 0xffff;
      length = 16;
    }
    bits = (bits << length) | code;
    count += length;
    for (; count >= 8; count -= 8) output[at++] = bits >>> (count - 8);
  }
  // Pad with ones, the upper bits of EOS.
  if (count > 0) output[at++] = (bits << (8 - count)) | (0xff >>> count);
  return at;
}
