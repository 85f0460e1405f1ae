// `site`: builds the documentation if it is out of date, and serves it on loopback.
import { spawnSync } from "node:child_process";
import { withoutTelemetry } from "./build.ts";
import { endWithLauncher } from "./launcher.ts";

endWithLauncher();
process.stderr.write("building the documentation …\n");
const command = "turbo run site --filter=@grpc-study/docs --output-logs=errors-only --log-order=grouped";
const { status } = spawnSync(command, { shell: true, stdio: ["ignore", 2, 2], env: withoutTelemetry });
process.exitCode = status ?? 1;
if (status === 0) await import("../docs/scripts/serve.ts");
