// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, Timeout.
const unitsMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/**
 * Parses a `grpc-timeout`: at most eight digits and a unit. Returns milliseconds, or `undefined` if
 * the value is malformed.
 */
export function parseTimeout(text: string): number | undefined {
  const [, digits, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * (unitsMs[unit] ?? 0);
}

const units = [
  ["m", 1],
  ["S", 1000],
  ["M", 60_000],
  ["H", 3_600_000],
] as const;

const maxAmount = 99_999_999;

/**
 * Formats milliseconds as a `grpc-timeout`. Rounds up, and caps at 99,999,999 hours, the longest
 * timeout.
 */
export function formatTimeout(ms: number): string {
  const left = Math.max(ms, 0);
  for (const [unit, unitMs] of units) {
    const amount = Math.ceil(left / unitMs);
    if (amount <= maxAmount) return `${amount}${unit}`;
  }
  return `${maxAmount}H`;
}
