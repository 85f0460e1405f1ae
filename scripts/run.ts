// `pnpm start` and `pnpm client`: builds a package and what it needs, then becomes its command. One process rather than `build && run`, so
// that a signal reaches the command itself, on Windows too. What the build says goes to stderr: stdout is the command's.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { endWithLauncher } from "./launcher.ts";

const [name = "", when] = process.argv.splice(2, 2);
const main = new URL(`../packages/${name}/dist/main.js`, import.meta.url);

endWithLauncher();
if (when === "always" || !existsSync(main)) {
  const build = `turbo run build --filter=@grpc-study/${name} --output-logs=errors-only --log-order=grouped`;
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1" };
  const { status } = spawnSync(build, { shell: true, stdio: ["ignore", 2, 2], env });
  if (status !== 0) process.exit(status ?? 1);
}
await import(main.href);
