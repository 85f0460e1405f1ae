import { expect, test } from "vitest";
import { printableJson, printableTexts } from "./line.ts";
import { createLogger } from "./logger.ts";

const hostile = "\u0085 \u009b2J \u202e \u2066 \u2028 \u2029 \u007f \u001b[2J \n \u0000 你好 👨‍👩‍👧";
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

test("printableJson returns one line of JSON without control characters that parses to the logged values", () => {
  const line = printableJson(`${JSON.stringify({ path: hostile, [hostile]: [hostile] })}\n`);
  expect(line).toMatch(/\n$/);
  expect(line.slice(0, -1)).not.toMatch(unsafe);
  expect(JSON.parse(line)).toEqual({ path: hostile, [hostile]: [hostile] });
});

test("printableTexts escapes control characters in values and keeps the lines of a stack", () => {
  const entry = JSON.parse(printableTexts(`${JSON.stringify({ msg: hostile, err: { stack: `Error: ${hostile}\n    at a` } })}\n`));
  expect(entry.msg).not.toMatch(unsafe);
  expect(entry.msg).toContain("\\u009b2J \\u202e");
  expect(entry.err.stack.split("\n")).toHaveLength(3);
  expect(entry.err.stack.replaceAll("\n", "")).not.toMatch(unsafe);
});

test("a logger escapes messages, fields and errors", () => {
  const written: string[] = [];
  const log = createLogger("info", { write: (line) => written.push(line) });
  log.info({ path: `/${hostile}`, err: new Error(hostile) }, hostile);
  expect(written).toHaveLength(1);
  expect(written[0]?.slice(0, -1)).not.toMatch(unsafe);
  expect(JSON.parse(written[0] ?? "")).toMatchObject({ path: `/${hostile}`, msg: hostile, err: { message: hostile } });
});
