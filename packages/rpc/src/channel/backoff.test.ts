import { expect, test } from "vitest";
import { Backoff } from "./backoff.ts";

const month = 30 * 24 * 3_600_000;
const policies = [
  { initialMs: Number.POSITIVE_INFINITY, maxMs: Number.POSITIVE_INFINITY },
  { initialMs: month, maxMs: month },
  { initialMs: 1_000, maxMs: Number.POSITIVE_INFINITY },
];

test.each(policies)("the waits of %j grow to the longest timer of Node, and no further", (policy) => {
  for (const jitter of [0, 1]) {
    const backoff = new Backoff({ ...policy, factor: 10, jitter });
    const waits = Array.from({ length: 50 }, () => backoff.next());
    expect(Math.max(...waits)).toBe(2 ** 31 - 1);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
  }
});
