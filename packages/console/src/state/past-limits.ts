// How much of the past the browser stores.

const maxCalls = 500;
/** Characters of all calls. */
const maxTotal = 20_000_000;
/** Characters of the requests, and of the messages, of one call. */
const maxTexts = 1_000_000;

/** The first texts that have room, and their length. */
export function boundedTexts(texts: Iterable<string>): readonly [kept: readonly string[], length: number] {
  const kept: string[] = [];
  let length = 0;
  for (const text of texts) {
    if (length + text.length > maxTexts) break;
    kept.push(text);
    // A short text needs room for its place, too.
    length += text.length + 8;
  }
  return [kept, length];
}

/** The calls for which there is no room: the oldest ones, which are last. */
export function excess<Call extends { readonly size: number }>(calls: readonly Call[]): readonly Call[] {
  let total = 0;
  const end = calls.findIndex(({ size }, index) => {
    total += size;
    return index >= maxCalls || total > maxTotal;
  });
  return end < 0 ? [] : calls.slice(end);
}
