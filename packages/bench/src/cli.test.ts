import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { groups } from "./groups/index.ts";

const bench = (...args: string[]) =>
  spawnSync(process.execPath, [fileURLToPath(new URL("main.ts", import.meta.url)), ...args], { encoding: "utf8" });

test.each([
  ["an unknown group", ["codecs"], /'codecs' is invalid/],
  ["an unknown option", ["--fast"], /unknown option '--fast'/],
  ["an unknown load program", ["server", "--load", "wrk"], /'wrk' is invalid/],
])(
  "%s exits with status 2 and prints one line",
  (_what, args, message) => {
    const { status, stdout, stderr } = bench(...args);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  },
  60_000,
);

test("the help describes each group in a list", () => {
  const { status, stdout } = bench("--help");
  expect(status).toBe(0);
  const list = stdout.split("\nGroups:\n")[1] ?? "";
  expect([...list.matchAll(/^ {2}(\w+) +\S/gm)].map(([, name]) => name)).toEqual(groups.map(({ name }) => name));
}, 60_000);
