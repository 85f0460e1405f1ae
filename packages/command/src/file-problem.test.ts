import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { fileProblem } from "./file-problem.ts";

test.each([
  ["/no/such/file", "cannot read /no/such/file: there is no such file"],
  [tmpdir(), `cannot read ${tmpdir()}: it is a folder`],
  ["/no\0file", /^cannot read \/no\0file: ERR_INVALID_ARG_VALUE$/],
])("%j: %s", (file, says) => {
  let problem = "";
  try {
    readFileSync(file);
  } catch (error) {
    problem = fileProblem(file, error);
  }
  expect(problem).toMatch(says);
});
