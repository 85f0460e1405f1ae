// Where a cursor is in a text that is JSON, or on the way to be: what completion needs to know.

/** A place where a key or a value is written. */
export interface Place {
  readonly kind: "key" | "value";
  /** The keys and indexes that lead to the value, or to the object of the key. */
  readonly path: readonly (string | number)[];
  /** The token at the cursor. Empty if the cursor is between tokens. */
  readonly from: number;
  readonly to: number;
  /** The text from the token's start to the cursor, without its quote. */
  readonly prefix: string;
  /** Whether the token begins with a quote. */
  readonly quoted: boolean;
  /** The other keys of the object. */
  readonly keys: ReadonlySet<string>;
  /** The values of `@type` in the objects on the path. The first one belongs to the outermost. */
  readonly types: readonly (string | undefined)[];
  /** The place of a missing comma before the key, or `undefined`. */
  readonly commaAt: number | undefined;
}

interface Frame {
  readonly isObject: boolean;
  /** What comes next. */
  next: "key" | "colon" | "value" | "comma";
  /** The key of the member, or the index of the item. */
  key: string;
  index: number;
  /** The position after the last value. */
  valueTo: number;
  readonly keys: { readonly from: number; readonly key: string }[];
  type?: string;
}

/** A string (with its end if it has one), a mark, or a word: a number, a literal, or a key without quotes. */
const token = /"(?:[^"\\\n]|\\.)*("|$|(?=\n)|\\)|[{}[\],:]|[^\s"{}[\],:]+/gu;

/** Finds the place of a cursor. `undefined` where neither a key nor a value belongs. */
export function placeAt(text: string, at: number): Place | undefined {
  const stack: Frame[] = [];
  const root: Frame = { isObject: false, next: "value", key: "", index: 0, valueTo: 0, keys: [] };
  let place: (Omit<Place, "keys" | "types"> & { readonly frames: readonly Frame[] }) | undefined;
  let isPast = false;
  const top = () => stack.at(-1) ?? root;
  const placeOf = (from: number, to: number, quoted: boolean) => {
    isPast = true;
    const frame = top();
    const isKey = frame.isObject && (frame.next === "key" || frame.next === "comma");
    if (!isKey && frame.next !== "value") return;
    const commaAt = isKey && frame.next === "comma" ? frame.valueTo : undefined;
    const frames = [...stack];
    const path = (isKey ? frames.slice(0, -1) : frames).map(({ isObject, key, index }) => (isObject ? key : index));
    place = {
      kind: isKey ? "key" : "value",
      path,
      from,
      to,
      prefix: text.slice(from + (quoted ? 1 : 0), at),
      quoted,
      commaAt,
      frames,
    };
  };
  const value = (to: number) => {
    const frame = top();
    frame.next = "comma";
    frame.valueTo = to;
  };
  for (const { 0: word, 1: end, index: from } of text.matchAll(token)) {
    const to = from + word.length;
    const isMark = word.length === 1 && "{}[],:".includes(word);
    const isString = word.startsWith('"');
    if (!isPast) {
      if (at <= from) placeOf(at, at, false);
      else if (isString ? at < to || end !== '"' : !isMark && at <= to) {
        if (at <= to) placeOf(from, to, isString);
      }
    }
    const frame = top();
    switch (word) {
      case "{":
      case "[":
        stack.push({ isObject: word === "{", next: word === "{" ? "key" : "value", key: "", index: 0, valueTo: to, keys: [] });
        continue;
      case "}":
      case "]":
        stack.pop();
        value(to);
        continue;
      case ",":
        frame.next = frame.isObject ? "key" : "value";
        frame.index++;
        continue;
      case ":":
        frame.next = "value";
        continue;
    }
    if (frame.isObject && frame.next !== "value") {
      frame.key = isString ? unquoted(word) : word;
      frame.keys.push({ from, key: frame.key });
      frame.next = "colon";
    } else {
      if (frame.isObject && frame.key === "@type" && isString) frame.type = unquoted(word);
      value(to);
    }
  }
  if (!isPast) placeOf(at, at, false);
  if (place === undefined) return undefined;
  const { frames, ...found } = place;
  const keys = frames.at(-1)?.keys.filter((one) => one.from !== found.from || found.from === found.to) ?? [];
  return { ...found, keys: new Set(keys.map(({ key }) => key)), types: frames.map(({ type }) => type) };
}

function unquoted(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.replace(/^"|"$/g, "");
  }
}
