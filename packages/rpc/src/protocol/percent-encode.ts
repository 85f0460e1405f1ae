// Encodes a status message as a header field (PROTOCOL-HTTP2.md, Percent-Encoded).

/**
 * Encodes the percent sign and every byte outside printable ASCII. Also encodes spaces at either
 * end, which HTTP does not allow there (RFC 9113, section 8.2.1).
 */
export function percentEncode(text: string): string {
  const encoded = text.toWellFormed().replace(/[^ -$&-~]+/g, encodeURIComponent);
  // A loop, because ` +$` takes quadratic time on text that is mostly spaces.
  let start = 0;
  let end = encoded.length;
  while (start < end && encoded[start] === " ") start++;
  while (end > start && encoded[end - 1] === " ") end--;
  if (end - start === encoded.length) return encoded;
  return "%20".repeat(start) + encoded.slice(start, end) + "%20".repeat(encoded.length - end);
}

/**
 * Decodes the value of a field, which has one char for each octet. Invalid sequences and octets
 * outside ASCII stay as they are ("decoders should be lenient"). Bytes that are not valid UTF-8
 * become U+FFFD.
 */
export function percentDecode(text: string): string {
  if (!/[%\x80-\xff]/.test(text)) return text;
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(text, "latin1"));
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const hex = text.charCodeAt(i) === 0x25 ? /^[0-9a-f]{2}/i.exec(text.slice(i + 1, i + 3)) : null;
    if (hex === null) bytes[length++] = text.charCodeAt(i);
    else {
      bytes[length++] = Number.parseInt(hex[0], 16);
      i += 2;
    }
  }
  return bytes.toString("utf8", 0, length);
}
