import { Buffer } from "node:buffer";

/**
 * The subject of a topic: one token after the prefix. Bytes other than letters, digits, `-` and `_`
 * become `=` and two hexadecimal digits, since subjects reserve the dot, wildcards and spaces.
 */
export function subjectOf(prefix: string, topic: string): string {
  let token = "";
  for (const byte of Buffer.from(topic)) {
    const character = String.fromCharCode(byte);
    token += /[A-Za-z0-9_-]/.test(character) ? character : `=${byte.toString(16).padStart(2, "0")}`;
  }
  return `${prefix}.${token}`;
}
