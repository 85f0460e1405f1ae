import { expect, test } from "vitest";
import { e2eFolder, tsc } from "./harness/paths.ts";
import { run } from "./harness/process.ts";

test("valid code compiles against the built declarations, and invalid code does not", async () => {
  expect(await run(process.execPath, [tsc, "--noEmit", "--pretty", "false"], { cwd: e2eFolder })).toEqual({
    status: 0,
    stdout: "",
    stderr: "",
  });
});
