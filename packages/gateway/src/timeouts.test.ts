import { expect, test } from "vitest";
import { Things } from "../test/gen/things_pb.js";
import { MethodTimeouts } from "./timeouts.ts";

const name = Things.typeName;
const scope = name.slice(0, name.lastIndexOf("."));
const { get, create } = Things.method;

test("the longest selector wins, whatever the order, and others have the default", () => {
  const timeouts = { [`${name}.*`]: 2, "*": 4, [`${name}.Get`]: 1, [`${scope}.*`]: 3 };
  expect(new MethodTimeouts({ timeouts }).of(get)).toBe(1);
  expect(new MethodTimeouts({ timeouts }).of(create)).toBe(2);
  const { [`${name}.*`]: _, ...fewer } = timeouts;
  expect(new MethodTimeouts({ timeouts: fewer }).of(create)).toBe(3);
  expect(new MethodTimeouts({ timeouts: { [`${name}.Get`]: 1 }, timeoutMs: 9 }).of(create)).toBe(9);
  expect(new MethodTimeouts({}).of(create)).toBe(Number.POSITIVE_INFINITY);
});

test("a method may have a longer limit than the default, or none", () => {
  const timeouts = { [`${name}.Get`]: Number.POSITIVE_INFINITY, [`${name}.Create`]: 50 };
  const limits = new MethodTimeouts({ timeoutMs: 10, timeouts });
  expect([limits.of(get), limits.of(create)]).toEqual([Number.POSITIVE_INFINITY, 50]);
});

test("selectors that select nothing are found", () => {
  const timeouts = new MethodTimeouts({ timeouts: { [`${name}.Get`]: 1, [`${name}.Got`]: 1, "other.*": 1 } });
  expect(timeouts.unused(Things.methods).sort()).toEqual([`${name}.Got`, "other.*"].sort());
});

test.each([
  [{ timeouts: { "a.B.C": 0 } }, 'timeouts["a.B.C"] must be positive, got 0'],
  [{ timeouts: { "a.B.C": Number.NaN } }, 'timeouts["a.B.C"] must be positive, got NaN'],
  [{ timeouts: { "a.B.C": 2 ** 31 } }, 'timeouts["a.B.C"] must be at most 2147483647 or Infinity, got 2147483648'],
  [{ timeouts: { "a.B.C": "5s" as unknown as number } }, 'timeouts["a.B.C"] must be a number of milliseconds, got string'],
  [{ timeouts: { "a.B/C": 1 } }, 'timeouts has the key "a.B/C", expected pkg.Service.Method'],
  [{ timeouts: { Get: 1 } }, 'timeouts has the key "Get"'],
  [{ timeoutMs: -1 }, "timeoutMs must be positive, got -1"],
])("%j: %s", (options, message) => {
  expect(() => new MethodTimeouts(options)).toThrow(message);
});
