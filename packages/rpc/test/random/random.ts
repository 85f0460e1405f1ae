// A seeded random number generator, so that a failure can be reproduced.

export interface Random {
  /** Returns an integer from 0 up to, but excluding, `limit`. */
  int(limit: number): number;
  /** Returns true with the given probability. */
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** 32 random bits. */
  bits(): number;
}

/** Mulberry32. */
export function makeRandom(seed: number): Random {
  let state = seed | 0;
  const bits = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  const int = (limit: number) => bits() % limit;
  return {
    bits,
    int,
    chance: (probability) => bits() / 0x1_0000_0000 < probability,
    pick: <T>(from: readonly T[]) => from[int(from.length)] as T,
  };
}
