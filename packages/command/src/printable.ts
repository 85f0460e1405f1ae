// Makes text from a peer safe to print to a terminal or a log.

/**
 * Characters that move the cursor, end a line, or change the display order of text: the control
 * characters (Unicode category Cc: U+0000 to U+001F and U+007F to U+009F), the line and paragraph
 * separators U+2028 and U+2029, and the bidirectional controls (U+061C, U+200E, U+200F, U+202A to
 * U+202E, U+2066 to U+2069).
 */
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

const short: Readonly<Record<string, string>> = { "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r" };

/**
 * Replaces each unsafe character with its JSON escape (`\n`, `\u001b`). The result is one line. A
 * JSON document stays equivalent: within its strings, the escape stands for the character.
 */
export function printable(text: string): string {
  return text.replace(unsafe, (char) => short[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
