// Splits a JSON array into its elements while it arrives.
import { Code, RpcError } from "@grpc-study/rpc";
import { textOf, tooLarge } from "./body.ts";

const [quote, backslash, comma, openBracket, closeBracket, openBrace, closeBrace] = Buffer.from('"\\,[]{}');
/** JSON white space (RFC 8259, section 2): space, tab, line feed, carriage return. */
const isSpace = (byte: number) => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;

/**
 * Yields the text of each element. It does not validate the elements; their parser does. Scanning
 * bytes is safe: in UTF-8, no multi-byte character contains an ASCII byte.
 *
 * @param chunks the body: an array, optionally after white space.
 * @param limit maximum size of an element, in bytes.
 * @throws HttpError 413 if an element is too large, RpcError INVALID_ARGUMENT if the array is
 *   malformed.
 */
export async function* readElements(chunks: AsyncIterable<Buffer>, limit: number): AsyncGenerator<string, void, undefined> {
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
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === backslash) escaped = true;
        else if (byte === quote) inString = false;
      } else if (depth === 0) {
        if (isSpace(byte)) continue;
        if (ended || byte !== openBracket) throw malformed(ended ? "unexpected text after the array" : "expected an array");
        depth = 1;
        start = at + 1;
      } else if (byte === quote) inString = true;
      else if (byte === openBracket || byte === openBrace) depth++;
      else if (depth > 1 && (byte === closeBracket || byte === closeBrace)) depth--;
      else if (depth === 1 && (byte === comma || byte === closeBracket)) {
        const text = take(chunk.subarray(start, at), byte === closeBracket);
        start = at + 1;
        if (byte === closeBracket) {
          depth = 0;
          ended = true;
        }
        if (text !== undefined) yield text;
      }
    }
    if (depth > 0) keep(chunk.subarray(start));
  }
  if (depth > 0) throw malformed("the array is not closed");
}

function malformed(problem: string): RpcError {
  return new RpcError(Code.INVALID_ARGUMENT, `malformed JSON: ${problem}`);
}
