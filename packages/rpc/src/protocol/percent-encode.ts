// A status message as a header field (PROTOCOL-HTTP2.md, Percent-Encoded).

/** Every byte but those of printable ASCII is encoded, and the percent sign; a space at either end, since HTTP takes none there (RFC 9113, section 8.2.1). */
export function percentEncode(text: string): string {
  const encoded = text.toWellFormed().replace(/[^ -$&-~]+/g, encodeURIComponent);
  // Not by a pattern: ` +$` takes quadratic time on what is mostly spaces.
  let start = 0;
  let end = encoded.length;
  while (start < end && encoded[start] === " ") start++;
  while (end > start && encoded[end - 1] === " ") end--;
  if (end - start === encoded.length) return encoded;
  return "%20".repeat(start) + encoded.slice(start, end) + "%20".repeat(encoded.length - end);
}

/**
 * What was encoded, from a field's value with a char for each octet. A sequence that is none stays as it is ("decoders should be lenient"), and so do octets beyond ASCII.
 * Bytes that are no UTF-8 become U+FFFD.
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
