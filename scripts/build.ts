// Builds packages and what they need. What the build says goes to stderr: stdout is the command's.
import { spawnSync } from "node:child_process";

/** Returns the exit status of the build. */
export function build(...names: readonly string[]): number {
  const filters = names.map((name) => `--filter=@grpc-study/${name}`).join(" ");
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1" };
  const command = `turbo run build ${filters} --output-logs=errors-only --log-order=grouped`;
  return spawnSync(command, { shell: true, stdio: ["ignore", 2, 2], env }).status ?? 1;
}
