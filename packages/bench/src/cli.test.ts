import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const bench = (...args: string[]) =>
  spawnSync(process.execPath, [fileURLToPath(new URL("main.ts", import.meta.url)), ...args], { encoding: "utf8" });

test.each([
  ["a group that there is not", ["codecs"], /'codecs' is invalid/],
  ["an option that there is not", ["--fast"], /unknown option '--fast'/],
  ["a program that cannot load", ["server", "--load", "wrk"], /'wrk' is invalid/],
])(
  "%s ends with 2 and one line",
  (_what, args, message) => {
    const { status, stdout, stderr } = bench(...args);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  },
  60_000,
);
