// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, Timeout.
const unitsMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** What a `grpc-timeout` says, in milliseconds; undefined if it is none: at most eight digits and a unit. */
export function parseTimeout(text: string): number | undefined {
  const [, digits, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * (unitsMs[unit] ?? 0);
}
