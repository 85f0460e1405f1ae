// A YAML document whose values have positions, for messages.
import { type Document, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from "yaml";

/** The place of a value: keys of maps, and indexes of lists. */
export type Path = readonly (string | number)[];

/** A line and a column, from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A fault in a configuration. */
export interface Fault {
  readonly position: Position;
  readonly path: Path;
  readonly message: string;
}

/** The number of values that aliases may stand for, for each of the anchors. */
const maxAliasCount = 100;

/** A parsed YAML document. */
export class ConfigDocument {
  readonly faults: Fault[] = [];
  readonly #document: Document.Parsed;
  readonly #lines = new LineCounter();

  constructor(text: string) {
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, merge: true, logLevel: "error" });
    for (const { message, pos } of [...this.#document.errors, ...this.#document.warnings]) {
      this.faults.push({ position: this.#at(pos[0]), path: [], message: clear(message) });
      // The errors after a syntax error follow from it.
      if (clear(message).startsWith(malformed)) break;
    }
  }

  /** Calls a function with each text that is a value, which may replace it. */
  eachText(replace: (text: string, path: Path) => unknown): void {
    visit(this.#document, {
      Scalar: (key, node, ancestors) => {
        if (key === "key" || typeof node.value !== "string") return;
        try {
          node.value = replace(node.value, placeOf([...ancestors, node]));
        } catch (error) {
          this.#faultAt(node, (error as Error).message);
        }
      },
      Alias: (_key, node) => {
        if (node.resolve(this.#document) === undefined) this.#faultAt(node, `no anchor &${node.source} stands before`);
      },
    });
  }

  /** The whole value. `undefined` if it is too large. */
  value(): unknown {
    try {
      return this.#document.toJS({ maxAliasCount });
    } catch (error) {
      this.faults.push({ position: { line: 1, column: 1 }, path: [], message: clear((error as Error).message) });
      return undefined;
    }
  }

  /** The position of a value, or of the nearest one around it. */
  positionOf(path: Path, key?: string): Position {
    let node = this.#resolve(this.#document.contents);
    let offset = node?.range?.[0] ?? 0;
    const names = key === undefined ? path : [...path, key];
    for (const [index, name] of names.entries()) {
      let next: unknown;
      if (isSeq(node)) next = node.items[Number(name)];
      else if (isMap(node)) {
        const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(name));
        // The key of the last name, if the fault is in the key.
        const isKey = key !== undefined && index === names.length - 1;
        next = isKey || pair?.value === null ? pair?.key : pair?.value;
      }
      if (next === undefined || next === null) break;
      offset = (next as Node).range?.[0] ?? offset;
      node = this.#resolve(next);
    }
    return this.#at(offset);
  }

  #resolve(node: unknown): Node | undefined {
    return isAlias(node) ? node.resolve(this.#document) : ((node ?? undefined) as Node | undefined);
  }

  #faultAt(node: Node, message: string): void {
    this.faults.push({ position: this.#at(node.range?.[0] ?? 0), path: [], message });
  }

  #at(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}

/** The path of the last of some nodes, which contain one another. */
function placeOf(nodes: readonly unknown[]): Path {
  return nodes.flatMap((node, index) => {
    const inner = nodes[index + 1];
    if (isSeq(node)) return node.items.indexOf(inner);
    return isPair(node) && isScalar(node.key) ? String(node.key.value) : [];
  });
}

const malformed = "malformed YAML: ";

/** Says what some messages of the parser mean for a configuration. */
function clear(message: string): string {
  if (message === "Map keys must be unique") return "duplicate key";
  if (message.startsWith("Source contains multiple documents")) return "more than one YAML document";
  if (message.startsWith("Excessive alias count")) return "too many aliases";
  if (/Tabs are not allowed/i.test(message)) return "tab in the indentation: YAML needs spaces";
  return `${malformed}${message.split("\n")[0]}`;
}
