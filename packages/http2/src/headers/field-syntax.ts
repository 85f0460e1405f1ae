// The legal octets of field names and values (RFC 9113, 8.2.1; RFC 9110, 5.1 and 5.5).

/** tchar without upper case (RFC 9110, 5.6.2). */
const nameOctets = octets("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz");
const valueOctets = new Uint8Array(256).map((_, octet) => ((octet >= 0x20 && octet !== 0x7f) || octet === 0x09 ? 1 : 0));

/** `true` if `text` is a token in lower case. */
export function isLowerCaseToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (nameOctets[text.charCodeAt(i)] !== 1) return false;
  return text.length > 0;
}

/**
 * `true` if `value` has no control characters and, unless `keepSpaces` is set, no leading or
 * trailing white space.
 */
export function isFieldValue(value: string, keepSpaces = false): boolean {
  const length = value.length;
  if (length === 0) return true;
  for (let i = 0; i < length; i++) if (valueOctets[value.charCodeAt(i)] !== 1) return false;
  return keepSpaces || (!isWhiteSpace(value.charCodeAt(0)) && !isWhiteSpace(value.charCodeAt(length - 1)));
}

function isWhiteSpace(char: number): boolean {
  return char === 0x20 || char === 0x09;
}

function octets(chars: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const char of chars) table[char.charCodeAt(0)] = 1;
  return table;
}
