// What a user takes for one character may be many code points: 👨‍👩‍👧 is five, é may be two. readline moves and deletes by code points,
// which leaves parts of such a character behind; this goes on until readline has moved over or deleted the whole of it.
import type { Interface, Key } from "node:readline";
import type { Readable } from "node:stream";

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Makes the keys that move and delete do so by grapheme clusters (Unicode UAX #29). Call it once readline listens to `stdin`. */
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

/** Whether the cursor stands within a cluster, after its first code unit. */
function isInside(line: string, cursor: number): boolean {
  return cursor > 0 && cursor < line.length && clusterAt(line, cursor).start < cursor;
}

/** Where the cluster with a code unit begins and ends. */
function clusterAt(line: string, index: number): { readonly start: number; readonly end: number } {
  const cluster = segmenter.segment(line).containing(index);
  return cluster === undefined ? { start: index, end: index } : { start: cluster.index, end: cluster.index + cluster.segment.length };
}
