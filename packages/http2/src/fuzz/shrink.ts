// Minimizes a failing sequence: removes frames, then trailing octets, while it still fails.

import type { Sequence } from "./sequence.ts";

export async function shrink(sequence: Sequence, fails: (sequence: Sequence) => Promise<boolean>): Promise<Sequence> {
  let smallest = sequence;
  let changed = true;
  while (changed) {
    changed = false;
    for (let at = smallest.frames.length - 1; at >= 0; at--) {
      const shorter = { ...smallest, frames: smallest.frames.toSpliced(at, 1) };
      if (!(await fails(shorter))) continue;
      smallest = shorter;
      changed = true;
    }
  }
  return smallest;
}
