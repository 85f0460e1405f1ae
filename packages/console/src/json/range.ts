// Where the value at a path is in the text.
import type { JsonNode } from "./parse.ts";

export interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * The value at a path, or its key. Of a value that is not in the text, the key of the innermost value
 * around it, or the bracket that opens it.
 */
export function rangeOf(root: JsonNode, path: readonly (string | number)[], ofKey = false): Range {
  let node = root;
  let key: Range | undefined;
  for (const part of path) {
    // The last one of several members with the same key counts.
    const member = node.members?.findLast((one) => one.key === part);
    const next = member?.node ?? (typeof part === "number" ? node.items?.[part] : undefined);
    if (next === undefined) return key ?? { from: node.from, to: Math.min(node.from + 1, node.to) };
    node = next;
    key = member && { from: member.keyFrom, to: member.keyTo };
  }
  return ofKey && key !== undefined ? key : { from: node.from, to: node.to };
}
