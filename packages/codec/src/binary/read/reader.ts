// The reader of a message type. It starts with protobuf-es and switches to generated code once the
// type is hot.
import { create, type DescMessage, mergeFromBinary } from "@bufbuild/protobuf";
import { constructorOf, type Fields } from "../../generate/empty-message.ts";
import { Heat } from "../../heat.ts";
import { depthLimit } from "../../shape/depth.ts";
import { assertCompilable } from "../compilable.ts";
import { generateRead, type Read, type Reader } from "./generate.ts";
import { view } from "./input.ts";

const readers = new WeakMap<DescMessage, TieredReader>();
const groupReaders = new WeakMap<DescMessage, TieredReader>();

/** @param group `true` for the reader of the type's groups, which end with an end tag. */
export function readerOf(message: DescMessage, group = false): TieredReader {
  const made = group ? groupReaders : readers;
  let reader = made.get(message);
  if (reader === undefined) {
    reader = new TieredReader(message, group);
    made.set(message, reader);
  }
  return reader;
}

export class TieredReader implements Reader {
  Message: new () => Fields;
  read: Read;
  /** `false` while protobuf-es reads the type. */
  isCompiled = false;
  readonly #desc: DescMessage;
  readonly #group: boolean;
  readonly #heat: Heat;
  /** Callbacks of enclosing readers, which then switch to the compiled reader. */
  #relinks: (() => void)[] = [];

  constructor(desc: DescMessage, group: boolean) {
    this.#desc = desc;
    this.#group = group;
    this.#heat = new Heat(desc);
    this.Message = function Message() {
      return create(desc);
    } as unknown as new () => Fields;
    this.read = (message, at, end, depth) => this.#readCold(message, at, end, depth);
  }

  /** Counts a message of `bytes` bytes. Returns `true` if compiled code can read it. */
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
    const read = generateRead(this.#desc, this.#group, find);
    this.Message = constructorOf(this.#desc);
    this.read = read;
    this.isCompiled = true;
    for (const relink of this.#relinks) relink();
    this.#relinks = [];
  }

  onCompiled(relink: () => void): void {
    this.#relinks.push(relink);
  }

  /** Reads a nested message for an enclosing reader that is compiled. */
  #readCold(message: Fields, at: number, end: number, depth: number): number {
    if (this.warm(end - at)) return this.read(message, at, end, depth);
    // protobuf-es allows a value to extend beyond `end`, but here that throws: the fallback then
    // gives protobuf-es the whole message.
    mergeFromBinary(this.#desc, message as never, view(at, end), { recursionLimit: depthLimit - depth + 1 });
    return end;
  }
}

function find(message: DescMessage, group: boolean, relink: () => void): TieredReader {
  const reader = readerOf(message, group);
  // protobuf-es cannot read a group by itself.
  if (group) reader.compile();
  if (!reader.isCompiled) reader.onCompiled(relink);
  return reader;
}
