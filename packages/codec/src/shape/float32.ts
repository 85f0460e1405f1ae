const leastNormal = 2 ** -126;

/**
 * The shortest decimal that is the same 32-bit float: 1.1, where the double is 1.100000023841858. Returns a number that no 32-bit float
 * equals unchanged.
 */
export function shortestFloat32(value: number): number {
  // Every number of six digits is a float's own, unless the float is subnormal. Nine digits are enough for any float.
  for (let digits = Math.abs(value) < leastNormal ? 1 : 6; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}
