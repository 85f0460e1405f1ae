import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { Command } from "commander";
import { expect, test } from "vitest";
import { oneLineErrors } from "./command-line.ts";

test.each([
  ["--a\nb", "error: unknown option '--a b'\n"],
  ["--\u009b31m", "error: unknown option '--\\u009b31m'\n"],
  ["--\u202etxt", "error: unknown option '--\\u202etxt'\n"],
  ["--\u2028x", "error: unknown option '--\\u2028x'\n"],
])("an error that quotes %j is one line without control characters", (argument, line) => {
  let written = "";
  const command = new Command().exitOverride().configureOutput({
    ...oneLineErrors,
    writeErr: (text) => {
      written += text;
    },
  });
  expect(() => command.parse([argument], { from: "user" })).toThrow();
  expect(written).toBe(line);
});

/** Runs a command that writes to `target` until a write fails. */
function writeTo(target: string) {
  const source = new URL("./command-line.ts", import.meta.url).href;
  const program = `import { endIfStdoutFails } from "${source}"; endIfStdoutFails(); setInterval(() => process.stdout.write("x".repeat(1e6)), 1);`;
  const command = `set -o pipefail; ${JSON.stringify(process.execPath)} --conditions=@grpc-study/source --input-type=module -e '${program}' ${target}`;
  const { status, stderr } = spawnSync("bash", ["-c", command], { encoding: "utf8", timeout: 60_000 });
  return { status, stderr };
}

const posix = process.platform !== "win32";

test.skipIf(!posix)(
  "the command exits with status 0 when the reader closes the pipe",
  () => {
    expect(writeTo("| head -c 1 > /dev/null")).toEqual({ status: 0, stderr: "" });
  },
  90_000,
);

test.skipIf(!existsSync("/dev/full"))(
  "the command exits with status 1 and one line when the disk is full",
  () => {
    expect(writeTo("> /dev/full")).toEqual({
      status: 1,
      stderr: "error: cannot write to stdout: ENOSPC: no space left on device, write\n",
    });
  },
  90_000,
);
