// The tests beside the servers, as a reader runs them: by node:test.
import { glob } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { run } from "./program.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const files = await Array.fromAsync(glob("*/**/server.test.ts", { cwd: root, exclude: (name) => name === "node_modules" }));

test("there are tests", () => {
  expect(files.length).toBeGreaterThan(5);
});

test.each(files)("%s passes", async (file) => {
  const { status, stdout, stderr } = await run(root, ["--test", "--test-reporter=tap", file]);
  expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^# pass [1-9]/m);
});
