// `pnpm start`, `pnpm client` and `pnpm certs`: builds a package and what it needs, then becomes its command. One process rather than `build && run`, so
// that a signal reaches the command itself, on Windows too. What the build says goes to stderr: stdout is the command's.
import { spawnSync } from "node:child_process";
import { endWithLauncher } from "./launcher.ts";

const [name = ""] = process.argv.splice(2, 1);

endWithLauncher();
const build = `turbo run build --filter=@grpc-study/${name} --output-logs=errors-only --log-order=grouped`;
const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1" };
const { status } = spawnSync(build, { shell: true, stdio: ["ignore", 2, 2], env });
if (status === 0) await import(new URL(`../packages/${name}/dist/main.js`, import.meta.url).href);
else process.exitCode = status ?? 1;
