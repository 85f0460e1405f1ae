// The writer of a message type. It starts with protobuf-es and switches to generated code once the
// type is hot.
import { create, type DescMessage, toBinary } from "@bufbuild/protobuf";
import { Heat } from "../../heat.ts";
import { assertCompilable } from "../compilable.ts";
import { generateWrite, type Write } from "./generate.ts";
import { giveUp, grow, output } from "./output.ts";

const writers = new WeakMap<DescMessage, TieredWriter>();

export function writerOf(message: DescMessage): TieredWriter {
  let writer = writers.get(message);
  if (writer === undefined) {
    writer = new TieredWriter(message);
    writers.set(message, writer);
  }
  return writer;
}

export class TieredWriter {
  write: Write;
  /** `false` while protobuf-es writes the type. */
  isCompiled = false;
  readonly #desc: DescMessage;
  readonly #heat: Heat;
  /** Callbacks of enclosing writers, which then switch to the compiled writer. */
  #relinks: (() => void)[] = [];

  constructor(desc: DescMessage) {
    this.#desc = desc;
    this.#heat = new Heat(desc);
    this.write = (message, at, strict) => this.#writeCold(message, at, strict);
  }

  /** Counts a message of `bytes` bytes. Returns `true` if compiled code can write the next one. */
  warm(bytes: number): boolean {
    if (this.#heat.add(bytes)) {
      try {
        this.compile();
      } catch {
        this.#heat.freeze();
      }
    }
    return this.isCompiled;
  }

  /** @throws TypeError if the type cannot be compiled. */
  compile(): void {
    if (this.isCompiled) return;
    assertCompilable(this.#desc);
    this.write = generateWrite(this.#desc, find);
    this.isCompiled = true;
    for (const relink of this.#relinks) relink();
    this.#relinks = [];
  }

  onCompiled(relink: () => void): void {
    this.#relinks.push(relink);
  }

  /** Writes a nested message for an enclosing writer that is compiled. */
  #writeCold(message: Readonly<Record<string, unknown>>, at: number, strict: boolean): number {
    if (typeof message !== "object" || Array.isArray(message)) giveUp();
    if (strict && message["$typeName"] !== this.#desc.typeName) giveUp();
    const bytes = toBinary(this.#desc, create(this.#desc, message as never));
    const target = at + bytes.length > output.bytes.length ? grow(at, bytes.length) : output.bytes;
    target.set(bytes, at);
    this.warm(bytes.length);
    return at + bytes.length;
  }
}

function find(message: DescMessage, relink: () => void): TieredWriter {
  const writer = writerOf(message);
  if (!writer.isCompiled) writer.onCompiled(relink);
  return writer;
}
