// `node scripts/built.ts FILE ARGS…` runs a program of this package. It builds the dependencies
// first if they are missing, so a command from the README works in a fresh clone. The build writes
// to stderr.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { endWithLauncher } from "../../../scripts/launcher.ts";

const [program = ""] = process.argv.splice(2, 1);
const root = new URL("../../../", import.meta.url);
const outputs = ["packages/e2e/gen", "packages/rpc/dist/index.js", "packages/gateway/dist/index.js", "packages/server/dist/certs/index.js"];

endWithLauncher();
if (!outputs.every((path) => existsSync(new URL(path, root)))) {
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1" };
  const command = "turbo run build --filter=@grpc-study/e2e --output-logs=errors-only --log-order=grouped";
  const { status } = spawnSync(command, { shell: true, cwd: root, stdio: ["ignore", 2, 2], env });
  if (status !== 0) process.exit(status ?? 1);
}
await import(new URL(`../${program}`, import.meta.url).href);
