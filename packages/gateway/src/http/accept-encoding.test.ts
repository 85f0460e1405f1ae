// Content codings by Accept-Encoding: RFC 9110, section 12.5.3.
import { expect, test } from "vitest";
import { chooseCoding } from "./accept-encoding.ts";

test.each([
  [undefined, undefined],
  ["", undefined],
  ["br", "br"],
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["GZIP", "gzip"],
  ["gzip, deflate, br, zstd", "br"],
  ["gzip, br;q=0.9", "gzip"],
  ["gzip;q=0.5, br;q=0.501", "br"],
  ["gzip ; q=1.000 , br ; q=0.999", "gzip"],
  ["*", "br"],
  ["*;q=0.1", "br"],
  ["br;q=0, *", "gzip"],
  ["*;q=0", undefined],
  ["gzip, *;q=0", "gzip"],
  ["gzip;q=0", undefined],
  ["gzip;q=0.000", undefined],
  ["gzip;q=0.001", "gzip"],
  ["identity", undefined],
  ["identity, gzip;q=0.5", undefined],
  ["identity;q=0.5, gzip;q=0.5", "gzip"],
  ["identity;q=0.2, gzip;q=0.5", "gzip"],
  ["identity;q=0, gzip;q=0.1", "gzip"],
  ["identity;q=0", undefined],
  ["deflate, zstd", undefined],
  // Malformed parts are ignored.
  ["gzip;q=2, br", "br"],
  ["gzip;q=0.1234", undefined],
  ["gzip;level=9", undefined],
  [",, gzip ,", "gzip"],
  ["gzip;", undefined],
])("%j: %s", (header, coding) => {
  expect(chooseCoding(header, ["br", "gzip"])).toBe(coding);
});

test("chooses among the available codings only", () => {
  expect(chooseCoding("br, gzip;q=0.5", ["gzip"])).toBe("gzip");
  expect(chooseCoding("br", ["gzip"])).toBeUndefined();
  expect(chooseCoding("*;q=0.5, gzip;q=0", ["gzip"])).toBeUndefined();
});
