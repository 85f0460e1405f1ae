// Long work in short slices: the document of a large API takes seconds, in which other requests are
// served, too.
import { setImmediate as nextTurn } from "node:timers/promises";

/** Milliseconds after which the event loop gets a turn. */
const sliceMs = 10;
/** Characters that are encoded at once. */
const partLength = 64 * 1024;

/** Runs all steps. */
export function atOnce<Result>(steps: Generator<void, Result, void>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Runs all steps, and lets other work run between them. */
export async function inSlices<Result>(steps: Generator<void, Result, void>): Promise<Result> {
  for (let since = performance.now(); ; ) {
    const { done, value } = steps.next();
    if (done) return value;
    if (performance.now() - since < sliceMs) continue;
    await nextTurn();
    since = performance.now();
  }
}

/** Serializes a value as `JSON.stringify` does, with a step for each member of its inner objects. */
export function* jsonSteps(value: object, depth: number): Generator<void, Buffer, void> {
  const parts: Buffer[] = [];
  let text = "";
  for (const piece of pieces(value, depth)) {
    text += piece;
    if (text.length >= partLength) {
      parts.push(Buffer.from(text));
      text = "";
    }
    yield;
  }
  parts.push(Buffer.from(text));
  return Buffer.concat(parts);
}

/** @param depth how many levels of objects are taken apart. */
function* pieces(value: unknown, depth: number): Generator<string, void, void> {
  if (depth === 0 || typeof value !== "object" || value === null || Array.isArray(value)) {
    yield JSON.stringify(value);
    return;
  }
  let separator = "{";
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    yield `${separator}${JSON.stringify(name)}:`;
    yield* pieces(member, depth - 1);
    separator = ",";
  }
  yield separator === "{" ? "{}" : "}";
}
