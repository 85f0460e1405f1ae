// Generates a short text that matches a regular expression, for examples. Supports literals,
// classes, groups, alternatives and quantifiers.

/** Maximum number of additional repetitions per quantifier. */
const maxExtra = 64;

/**
 * Generates a text that matches a pattern. Returns `undefined` if it finds none: lookarounds,
 * backreferences, or texts that must be very long.
 *
 * @param minLength minimum number of characters.
 * @param index varies the text.
 */
export function samplePattern(pattern: string, minLength = 0, index = 0): string | undefined {
  // RE2 also has named groups in Python's syntax.
  const portable = pattern.replaceAll("(?P<", "(?<");
  let regex: RegExp;
  try {
    regex = new RegExp(portable, "u");
  } catch {
    return undefined;
  }
  for (let extra = 0; extra <= maxExtra; extra++) {
    const text = new Sampler(portable, extra, index).sample();
    if (text === undefined || !regex.test(text)) return undefined;
    if (text.length >= minLength) return text;
  }
  return undefined;
}

/** Characters to try for a class, most readable first. */
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

  /** Returns the first alternative, and skips the others. */
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
      if (!this.#skip(")")) throw new SyntaxError("unterminated group");
      return text;
    }
    const unit = this.#match(/\[(?:\\.|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\.|[^()[\]{}*+?|\\]/suy);
    if (unit === undefined || /^\\[bB0-9k]/.test(unit)) throw new SyntaxError("unsupported syntax");
    const matches = new RegExp(`^${unit}$`, "u");
    const all = [...new Set([unit, ...candidates])].filter((text) => matches.test(text));
    const found = all[this.#index % all.length];
    if (found === undefined) throw new SyntaxError("no character matches");
    return found;
  }

  /**
   * The number of repetitions: the minimum, but at least one if allowed. Unbounded quantifiers add
   * `extra`.
   */
  #times(): number {
    const quantifier = this.#match(/(?:[*+?]|\{\d+(?:,\d*)?\})\??/y);
    const [, min, max] = /^\{(\d+)(?:,(\d*))?/.exec(quantifier ?? "") ?? [];
    if (min === undefined) return /^[*+]/.test(quantifier ?? "") ? 1 + this.#extra : 1;
    const times = Number(min) === 0 && max !== undefined && max !== "0" ? 1 : Number(min);
    if (max === undefined) return times;
    return max === "" ? times + this.#extra : Math.min(times + this.#extra, Math.max(times, Number(max)));
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
