// Hand-written header blocks (RFC 7541) of literals, valid or not.

/** A list, because names may repeat and occur in any order. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** An integer with a prefix of `bits` bits, whose other bits are `pattern` (section 5.1). */
export function integer(value: number, bits: number, pattern = 0): Buffer {
  const limit = 2 ** bits - 1;
  if (value < limit) return Buffer.of(pattern | value);
  const bytes = [pattern | limit];
  let rest = value - limit;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.of(...bytes, rest);
}

/** A string without Huffman coding (section 5.2). */
export function string(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  return Buffer.concat([integer(bytes.length, 7), bytes]);
}

/** Section 6.1. */
export const indexed = (index: number): Buffer => integer(index, 7, 0x80);

const literal = (pattern: number) => (name: string, value: string) => Buffer.concat([Buffer.of(pattern), string(name), string(value)]);
/** Section 6.2.1: the decoder adds the field to its dynamic table. */
export const incremental = literal(0x40);
/** Section 6.2.2. */
export const plain = literal(0x00);
/** Section 6.2.3. */
export const neverIndexed = literal(0x10);

/** Section 6.3. */
export const tableSize = (size: number): Buffer => integer(size, 5, 0x20);

export const block = (fields: Fields): Buffer => Buffer.concat(fields.map(([name, value]) => plain(name, value)));

/** Replaces, removes (`undefined`) or appends fields of a request. */
export function request(changes: Readonly<Record<string, string | undefined>> = {}, more: Fields = []): Buffer {
  const fields = { ":method": "POST", ":scheme": "http", ":path": "/echo", ":authority": "localhost", ...changes };
  const given = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return block([...given, ...more]);
}

export function response(changes: Readonly<Record<string, string | undefined>> = {}, more: Fields = []): Buffer {
  const fields = { ":status": "200", ...changes };
  const given = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return block([...given, ...more]);
}
