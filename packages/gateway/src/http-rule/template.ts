// Parses the path templates of google.api.http. The grammar is in google/api/http.proto:
//
//   Template = "/" Segments [ Verb ] ;
//   Segments = Segment { "/" Segment } ;
//   Segment  = "*" | "**" | LITERAL | Variable ;
//   Variable = "{" FieldPath [ "=" Segments ] "}" ;
//   FieldPath = IDENT { "." IDENT } ;
//   Verb     = ":" LITERAL ;
//
// It has two extensions, as in grpc-gateway and Envoy: `**` may stand anywhere once, and `/` is the
// root.

/** A segment of the path: literal text, any segment (`*`), or any number of segments (`**`). */
export type Segment = { readonly literal: string } | "*" | "**";

export interface Variable {
  /** The path of the field that the variable sets, with dots. */
  readonly field: string;
  /** The index of its first segment. */
  readonly start: number;
  /** The index after its last segment. `undefined` if it ends in a final `**`. */
  readonly end: number | undefined;
  /** Whether it has several segments. `%2F` is not decoded then. */
  readonly multiple: boolean;
}

export interface PathTemplate {
  readonly text: string;
  readonly segments: readonly Segment[];
  readonly variables: readonly Variable[];
  readonly verb: string | undefined;
}

/** A malformed template. The message gives the problem and its position. */
export class TemplateError extends Error {
  static {
    TemplateError.prototype.name = "TemplateError";
  }
}

/** @throws TemplateError if the text is malformed. */
export function parseTemplate(text: string): PathTemplate {
  return new Parser(text).parse();
}

const identifier = /[A-Za-z_][A-Za-z0-9_]*/y;
// RFC 3986's pchar, except the colon, which begins a verb, and a leading asterisk.
const literal = /(?:[A-Za-z0-9\-._~!$&'()+,;=@]|%[0-9A-Fa-f]{2})(?:[A-Za-z0-9\-._~!$&'()*+,;=@]|%[0-9A-Fa-f]{2})*/y;

class Parser {
  readonly #text: string;
  #at = 0;
  readonly #segments: Segment[] = [];
  readonly #variables: Variable[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  parse(): PathTemplate {
    this.#expect("/");
    if (this.#text === "/") this.#segments.push({ literal: "" });
    else this.#parseSegments(true);
    const verb = this.#skip(":") ? this.#parseVerb() : undefined;
    if (this.#at < this.#text.length) this.#fail(`unexpected "${this.#text[this.#at]}"`);
    const names = this.#variables.map(({ field }) => field);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new TemplateError(`"${this.#text}" has the variable ${twice} twice`);
    const { length } = this.#segments;
    const open = this.#segments[length - 1] === "**";
    const variables = this.#variables.map((variable) => (open && variable.end === length ? { ...variable, end: undefined } : variable));
    return { text: this.#text, segments: this.#segments, variables, verb };
  }

  #parseSegments(variables: boolean): void {
    do {
      if (!this.#skip("{")) this.#parseSegment(!variables);
      else if (variables) this.#parseVariable();
      else this.#fail("nested variable");
    } while (this.#skip("/"));
  }

  #parseSegment(inVariable: boolean): void {
    if (this.#text.startsWith("**", this.#at)) {
      if (this.#segments.includes("**")) this.#fail("** occurs twice");
      this.#at += 2;
      this.#segments.push("**");
    } else if (this.#skip("*")) this.#segments.push("*");
    else {
      // A colon begins the verb only in the last segment, and outside variables.
      let text = this.#match(literal) ?? this.#fail("expected a segment");
      while (this.#text[this.#at] === ":" && (inVariable || this.#text.includes("/", this.#at))) {
        this.#at++;
        text += `:${this.#match(literal) ?? ""}`;
      }
      this.#segments.push({ literal: decodeLiteral(text) ?? this.#fail(`"${text}" is not percent-encoded UTF-8`) });
    }
  }

  #parseVariable(): void {
    const names = [];
    do names.push(this.#match(identifier) ?? this.#fail("expected a field name"));
    while (this.#skip("."));
    const start = this.#segments.length;
    if (this.#skip("=")) this.#parseSegments(false);
    else this.#segments.push("*");
    this.#expect("}");
    const end = this.#segments.length;
    this.#variables.push({ field: names.join("."), start, end, multiple: end - start > 1 || this.#segments[start] === "**" });
  }

  #parseVerb(): string {
    let text = this.#match(literal) ?? this.#fail("expected a verb");
    while (this.#skip(":")) text += `:${this.#match(literal) ?? this.#fail("expected a verb")}`;
    return decodeLiteral(text) ?? this.#fail(`"${text}" is not percent-encoded UTF-8`);
  }

  #skip(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #expect(token: string): void {
    if (!this.#skip(token)) this.#fail(`expected "${token}"`);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#text)?.[0];
    this.#at += text?.length ?? 0;
    return text;
  }

  #fail(problem: string): never {
    throw new TemplateError(`"${this.#text}" is not a path template: ${problem} at character ${this.#at + 1}`);
  }
}

function decodeLiteral(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
