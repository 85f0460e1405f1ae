// The elements of a JSON array, as they come.
import { Code, RpcError } from "@grpc-study/rpc";
import { textOf, tooLarge } from "./body.ts";

const [quote, backslash, comma, openBracket, closeBracket, openBrace, closeBrace] = Buffer.from('"\\,[]{}');
/** RFC 8259, section 2: space, tab, line feed, carriage return. */
const isSpace = (byte: number) => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;

/**
 * The texts of an array's elements. Their insides are for whoever parses them. UTF-8 has no byte of a structural character within another character.
 *
 * @param parts begin with the array, after white space.
 * @param limit bytes of an element.
 * @throws HttpError 413, RpcError INVALID_ARGUMENT
 */
export async function* readElements(parts: AsyncIterable<Buffer>, limit: number): AsyncGenerator<string, void, undefined> {
  let pieces: Buffer[] = [];
  let size = 0;
  let depth = 0;
  let count = 0;
  let ended = false;
  let inString = false;
  let escaped = false;
  const keep = (piece: Buffer) => {
    size += piece.length;
    if (size > limit) throw tooLarge("an element of the body", limit);
    pieces.push(piece);
  };
  const take = (piece: Buffer, last: boolean): string | undefined => {
    keep(piece);
    const text = textOf(Buffer.concat(pieces)).trim();
    pieces = [];
    size = 0;
    if (text === "" && last && count === 0) return undefined;
    count++;
    if (text === "") throw malformed(`element ${count} is empty`);
    return text;
  };
  for await (const part of parts) {
    let start = 0;
    for (let at = 0; at < part.length; at++) {
      const byte = part[at] ?? 0;
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === backslash) escaped = true;
        else if (byte === quote) inString = false;
      } else if (depth === 0) {
        if (isSpace(byte)) continue;
        if (ended || byte !== openBracket) throw malformed(ended ? "there is something after the array" : "there is no array");
        depth = 1;
        start = at + 1;
      } else if (byte === quote) inString = true;
      else if (byte === openBracket || byte === openBrace) depth++;
      else if (depth > 1 && (byte === closeBracket || byte === closeBrace)) depth--;
      else if (depth === 1 && (byte === comma || byte === closeBracket)) {
        const text = take(part.subarray(start, at), byte === closeBracket);
        start = at + 1;
        if (byte === closeBracket) {
          depth = 0;
          ended = true;
        }
        if (text !== undefined) yield text;
      }
    }
    if (depth > 0) keep(part.subarray(start));
  }
  if (depth > 0) throw malformed("the array has no end");
}

function malformed(problem: string): RpcError {
  return new RpcError(Code.INVALID_ARGUMENT, `malformed JSON: ${problem}`);
}
