// One character for the user may be several code points: 👨‍👩‍👧 is five, é may be two. readline
// moves and deletes by code points and would leave parts of the character behind. This module
// repeats the key until the whole character is passed or deleted.
import type { Interface, Key } from "node:readline";
import type { Readable } from "node:stream";

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/**
 * Makes keys move and delete by grapheme clusters (Unicode UAX #29). Call it after readline has
 * begun to listen to `stdin`.
 */
export function editByGraphemes(readline: Interface, stdin: Readable): void {
  let { line, cursor } = readline;
  const press = (name: string) => readline.write(null, { name });

  stdin.on("keypress", (_text: string | undefined, key: Key) => {
    if (readline.line === line) {
      const arrow = readline.cursor < cursor ? "left" : "right";
      while (isInside(line, readline.cursor)) press(arrow);
    } else if (isBackspace(key)) {
      const shortest = line.length - (cursor - clusterAt(line, cursor - 1).start);
      while (readline.line.length > shortest) press("backspace");
    } else if (isDelete(key)) {
      const shortest = line.length - (clusterAt(line, cursor).end - cursor);
      while (readline.line.length > shortest) press("delete");
    }
    ({ line, cursor } = readline);
  });
}

function isBackspace({ name, ctrl, meta }: Key): boolean {
  return !meta && ((name === "backspace" && !ctrl) || (name === "h" && ctrl === true));
}

function isDelete({ name, ctrl, meta }: Key): boolean {
  return !meta && ((name === "delete" && !ctrl) || (name === "d" && ctrl === true));
}

/** Returns `true` if the cursor is within a cluster, after its first code unit. */
function isInside(line: string, cursor: number): boolean {
  return cursor > 0 && cursor < line.length && clusterAt(line, cursor).start < cursor;
}

/** Returns the start and the end of the cluster that contains a code unit. */
function clusterAt(line: string, index: number): { readonly start: number; readonly end: number } {
  const cluster = segmenter.segment(line).containing(index);
  return cluster === undefined ? { start: index, end: index } : { start: cluster.index, end: cluster.index + cluster.segment.length };
}
