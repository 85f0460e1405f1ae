// Builds the grpc-go server, if Go and Debian's golang-google-grpc-dev are installed.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../../process/temporary.ts";

/** The path is the same from `src` and from `dist`. */
const source = fileURLToPath(new URL("../../../src/peers/grpc-go/server.go", import.meta.url));

/** The program, or the reason why it is missing. */
export interface Built {
  readonly program?: string;
  readonly reason?: string;
}

export function buildGrpcGo(): Built {
  const gopath = process.env["GO_GOPATH"] ?? "/usr/share/gocode";
  if (spawnSync("go", ["version"]).status !== 0) return { reason: "Go is not installed (Debian: golang-go)" };
  if (!existsSync(join(gopath, "src/google.golang.org/grpc")))
    return { reason: `grpc-go is not in ${gopath} (Debian: golang-google-grpc-dev; set GO_GOPATH to its location)` };
  const program = join(temporaryFolder(), "grpc-go-server");
  const env = { ...process.env, GO111MODULE: "off", GOFLAGS: "", GOPATH: gopath };
  const { status, stderr } = spawnSync("go", ["build", "-o", program, source], { env, encoding: "utf8" });
  return status === 0 ? { program } : { reason: `the server does not build: ${stderr.trim()}` };
}
