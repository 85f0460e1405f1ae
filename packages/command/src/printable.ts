// Text of a peer on its way to a terminal or a log.

/**
 * What moves a cursor, ends a line, or changes the order in which text is shown: the control characters (Unicode's Cc: U+0000 to U+001F and
 * U+007F to U+009F), the line and paragraph separators U+2028 and U+2029, and the controls of bidirectional text (U+061C, U+200E, U+200F,
 * U+202A to U+202E, U+2066 to U+2069).
 */
const steering = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

const short: Readonly<Record<string, string>> = { "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r" };

/**
 * Writes each character that steers a terminal as JSON escapes it (`\n`, `\u001b`), and leaves all others as they are. The result is one
 * line. The text of a JSON document stays that document: within its strings, the escape means the character.
 */
export function printable(text: string): string {
  return text.replace(steering, (char) => short[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
