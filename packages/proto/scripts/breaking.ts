// Fails if a .proto file breaks compatibility. Runs `buf breaking` against the commit at which this
// branch left main; on main itself, against the previous commit. BREAKING_BASE overrides the
// commit.
import { execFileSync, spawnSync } from "node:child_process";

function git(...args: string[]): string | undefined {
  try {
    return execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined;
  }
}

const head = git("rev-parse", "HEAD");
const branchPoint = git("merge-base", "HEAD", "origin/main") ?? git("merge-base", "HEAD", "main");
const base = process.env.BREAKING_BASE ?? (branchPoint === head ? git("rev-parse", "HEAD^") : branchPoint);

if (base === undefined || git("cat-file", "-e", `${base}:packages/proto/buf.yaml`) === undefined) {
  console.log("buf breaking: skipped, because no earlier commit has .proto files");
} else {
  console.log(`buf breaking: against ${base}`);
  const { status } = spawnSync("buf", ["breaking", "--against", `../../.git#ref=${base},subdir=packages/proto`], { stdio: "inherit" });
  process.exitCode = status ?? 1;
}
