// Builds the grpc-go programs of `foreign/go`, if Go and Debian's golang-google-grpc-dev are
// installed.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";

const gopath = process.env["GO_GOPATH"] ?? "/usr/share/gocode";

/** `false` if grpc-go is not installed; tests that need it are then skipped. */
export const hasGo = spawnSync("go", ["version"]).status === 0 && existsSync(join(gopath, "src/google.golang.org/grpc"));

const built = new Map<string, string>();

/**
 * Builds `foreign/go/NAME/NAME.go` once. Returns the path of the program, which exists until this
 * process exits.
 */
export function buildGo(name: string): string {
  const before = built.get(name);
  if (before !== undefined) return before;
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const source = join(import.meta.dirname, `../../foreign/go/${name}/${name}.go`);
  const program = join(folder, name);
  const env = { ...process.env, GO111MODULE: "off", GOPATH: gopath };
  const build = spawnSync("go", ["build", "-o", program, source], { env, encoding: "utf8" });
  expect(build.stderr).toBe("");
  built.set(name, program);
  return program;
}
