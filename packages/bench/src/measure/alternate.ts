// All contestants take turns, so that what the machine does meanwhile meets all of them.
import type { Samples } from "./measure.ts";

/** One sample of a contestant. */
export type Take = () => number | Promise<number>;

/** A B C, C B A, A B C, …: whoever comes after a slow one is not always the same. */
export async function alternate(
  contestants: Readonly<Record<string, Take>>,
  rounds: number,
  onRound?: (round: number) => void,
): Promise<Samples> {
  const samples: Samples = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    onRound?.(round);
    const turns = Object.entries(contestants);
    if (round % 2 === 1) turns.reverse();
    for (const [name, take] of turns) samples[name]?.push(await take());
  }
  return samples;
}
