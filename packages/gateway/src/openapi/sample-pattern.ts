// A short text that matches a regular expression, for examples. It knows literals, classes, groups, alternatives and quantifiers.

/** How much longer than its shortest form a repetition may become. */
const mostExtra = 64;

/**
 * @param least the fewest characters.
 * @param index tells several texts apart.
 * @returns undefined if none is found: for lookarounds, backreferences, or texts that have to be long.
 */
export function samplePattern(pattern: string, least = 0, index = 0): string | undefined {
  // RE2 has groups with names in Python's syntax.
  const portable = pattern.replaceAll("(?P<", "(?<");
  let regex: RegExp;
  try {
    regex = new RegExp(portable, "u");
  } catch {
    return undefined;
  }
  for (let extra = 0; extra <= mostExtra; extra++) {
    const text = new Sampler(portable, extra, index).sample();
    if (text === undefined || !regex.test(text)) return undefined;
    if (text.length >= least) return text;
  }
  return undefined;
}

/** What a class is tried with, in this order: text that reads well comes first. */
const candidates = [
  "a",
  "A",
  "1",
  "0",
  "-",
  "_",
  ".",
  "/",
  ":",
  "@",
  "+",
  "#",
  " ",
  ...Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)),
];

class Sampler {
  readonly #pattern: string;
  readonly #extra: number;
  readonly #index: number;
  #at = 0;

  constructor(pattern: string, extra: number, index: number) {
    this.#pattern = pattern;
    this.#extra = extra;
    this.#index = index;
  }

  sample(): string | undefined {
    try {
      const text = this.#alternatives();
      return this.#at === this.#pattern.length ? text : undefined;
    } catch {
      return undefined;
    }
  }

  /** The first of them. */
  #alternatives(): string {
    const first = this.#sequence();
    while (this.#skip("|")) this.#sequence();
    return first;
  }

  #sequence(): string {
    let text = "";
    while (this.#at < this.#pattern.length && !/[|)]/.test(this.#pattern[this.#at] ?? "")) {
      const atom = this.#atom();
      text += atom.repeat(this.#times());
    }
    return text;
  }

  #atom(): string {
    if (this.#skip("^") || this.#skip("$")) return "";
    if (this.#skip("(")) {
      this.#match(/\?(?:[a-z]*:|P?<\w+>)/y);
      const text = this.#alternatives();
      if (!this.#skip(")")) throw new SyntaxError("a group without an end");
      return text;
    }
    const unit = this.#match(/\[(?:\\.|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\.|[^()[\]{}*+?|\\]/suy);
    if (unit === undefined || /^\\[bB0-9k]/.test(unit)) throw new SyntaxError("something else");
    const matches = new RegExp(`^${unit}$`, "u");
    const all = [...new Set([unit, ...candidates])].filter((text) => matches.test(text));
    const found = all[this.#index % all.length];
    if (found === undefined) throw new SyntaxError("no character");
    return found;
  }

  /** The fewest, but one rather than none; and some more, where there may be any number. */
  #times(): number {
    const quantifier = this.#match(/(?:[*+?]|\{\d+(?:,\d*)?\})\??/y);
    const [, least, most] = /^\{(\d+)(?:,(\d*))?/.exec(quantifier ?? "") ?? [];
    if (least === undefined) return /^[*+]/.test(quantifier ?? "") ? 1 + this.#extra : 1;
    const fewest = Number(least) === 0 && most !== undefined && most !== "0" ? 1 : Number(least);
    if (most === undefined) return fewest;
    return most === "" ? fewest + this.#extra : Math.min(fewest + this.#extra, Math.max(fewest, Number(most)));
  }

  #skip(text: string): boolean {
    if (!this.#pattern.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#pattern)?.[0];
    this.#at += text?.length ?? 0;
    return text;
  }
}
