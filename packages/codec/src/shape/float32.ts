const leastNormal = 2 ** -126;

/**
 * Returns the shortest decimal that identifies a 32-bit float: 1.1 for the double
 * 1.100000023841858. Returns a double that is not a 32-bit float unchanged.
 */
export function shortestFloat32(value: number): number {
  // Six digits identify a float unless it is subnormal. Nine digits identify any float.
  for (let digits = Math.abs(value) < leastNormal ? 1 : 6; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}
