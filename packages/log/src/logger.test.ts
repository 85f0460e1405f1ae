import { expect, test } from "vitest";
import { createLogger } from "./logger.ts";

test("entries below the log level are not written", () => {
  const written: string[] = [];
  const log = createLogger("error", { write: (line) => written.push(line) });
  log.info("not this");
  log.error("this");
  expect(written).toEqual([expect.stringContaining('"this"')]);
});

test("an error is logged with its stack and without its other properties, which may hold a token", () => {
  const written: string[] = [];
  const log = createLogger("info", { write: (line) => written.push(line) });
  log.error(Object.assign(new Error("failed"), { metadata: { authorization: "Bearer 123321123" } }));
  expect(written.join("")).toMatch(/failed.*logger\.test/);
  expect(written.join("")).not.toContain("123321123");
});

test("each line has the fields of the caller, as they are then", () => {
  const written: string[] = [];
  let trace = "a";
  const log = createLogger("info", { write: (line) => written.push(line) }, () => ({ trace_id: trace }));
  log.info("one");
  trace = "b";
  log.child({ topic: "t" }).info({ trace_id: "own" }, "two");
  log.info("three");
  expect(written.map((line) => JSON.parse(line).trace_id)).toEqual(["a", "own", "b"]);
});
