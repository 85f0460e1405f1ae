import { expect, test } from "vitest";
import { createLogger } from "./logger.ts";

test("what is less severe than the level is not logged", () => {
  const written: string[] = [];
  const log = createLogger("error", { write: (line) => written.push(line) });
  log.info("not this");
  log.error("this");
  expect(written).toEqual([expect.stringContaining('"this"')]);
});

test("an error keeps its stack and loses its other properties: they may be metadata, and hold a token", () => {
  const written: string[] = [];
  const log = createLogger("info", { write: (line) => written.push(line) });
  log.error(Object.assign(new Error("failed"), { metadata: { authorization: "Bearer 123321123" } }));
  expect(written.join("")).toMatch(/failed.*logger\.test/);
  expect(written.join("")).not.toContain("123321123");
});
