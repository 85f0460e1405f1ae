// Finds the name that a misspelt one most likely stands for.

/** The most similar of the names. `undefined` if none is similar. */
export function suggestion(wrong: string, names: readonly string[]): string | undefined {
  const plain = (name: string) => name.toLowerCase().replaceAll(/[-_ ]/g, "");
  const scored = names.map((name) => ({ name, edits: distance(plain(wrong), plain(name)) }));
  const [best] = scored.sort((one, other) => one.edits - other.edits);
  return best !== undefined && best.edits <= Math.ceil(best.name.length / 3) ? best.name : undefined;
}

/** The Levenshtein distance of two texts. Long ones are infinitely distant. */
function distance(one: string, other: string): number {
  if (one.length > 64) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, char] of [...one].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= other.length; column++) {
      const substituted = (row[column - 1] ?? 0) + (char === other[column - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? Number.POSITIVE_INFINITY;
}
