// Lets contestants take turns, so that disturbances of the machine affect all of them.

/** Runs A B C, C B A, A B C, …, so that no contestant always follows the same one. */
export async function alternate<Sample>(
  contestants: Readonly<Record<string, () => Sample | Promise<Sample>>>,
  rounds: number,
  onRound?: (round: number) => void,
): Promise<Record<string, Sample[]>> {
  const samples: Record<string, Sample[]> = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    onRound?.(round);
    const turns = Object.entries(contestants);
    if (round % 2 === 1) turns.reverse();
    for (const [name, take] of turns) samples[name]?.push(await take());
  }
  return samples;
}
