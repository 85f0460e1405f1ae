// Programs on grpc-go, built from `foreign/go` where Go and Debian's golang-google-grpc-dev are installed.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";

const gopath = process.env["GO_GOPATH"] ?? "/usr/share/gocode";

/** Tests that need grpc-go are skipped without it. */
export const hasGo = spawnSync("go", ["version"]).status === 0 && existsSync(join(gopath, "src/google.golang.org/grpc"));

/** Builds `foreign/go/NAME/NAME.go`. Returns the path of the program, which is there until the test ends. */
export function buildGo(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const source = join(import.meta.dirname, `../../foreign/go/${name}/${name}.go`);
  const program = join(folder, name);
  const env = { ...process.env, GO111MODULE: "off", GOPATH: gopath };
  const build = spawnSync("go", ["build", "-o", program, source], { env, encoding: "utf8" });
  expect(build.stderr).toBe("");
  return program;
}
