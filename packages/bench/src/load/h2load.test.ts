import { expect, test } from "vitest";
import { readReport } from "./h2load.ts";

/** The output of h2load 1.52, shortened. */
const report = (requests: string, codes: string) => `starting benchmark...
finished in 1.00s, 28034.00 req/s, 2.46MB/s
requests: ${requests}
status codes: ${codes}
traffic: 2.46MB (2579174) total, 164.29KB (168230) headers (space savings 96.05%), 328.53KB (336408) data
`;
const fine = "28034 total, 28134 started, 28034 done, 28034 succeeded, 0 failed, 0 errored, 0 timeout";

test("reads the rate from the report", () => {
  expect(readReport(report(fine, "28034 2xx, 0 3xx, 0 4xx, 0 5xx"))).toBe(28_034);
});

test.each([
  ["requests failed", report(fine.replace("0 failed", "3 failed"), "28034 2xx, 0 3xx, 0 4xx, 0 5xx")],
  ["a status is not 2xx", report(fine, "28030 2xx, 0 3xx, 4 4xx, 0 5xx")],
  ["requests ended with an error", report(fine.replace("0 errored", "100 errored"), "28034 2xx, 0 3xx, 0 4xx, 0 5xx")],
  ["the output is not a report", "connect: Connection refused"],
])("throws if %s", (_what, text) => {
  expect(() => readReport(text)).toThrow(/h2load failed/);
});
