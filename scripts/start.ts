// `start`: the server's command, with the gateway beside it. The two packages do not know each other; this is where they meet.
import { fileURLToPath } from "node:url";
import { build } from "./build.ts";
import { endWithLauncher } from "./launcher.ts";

endWithLauncher();
process.exitCode = build("server", "gateway");
if (process.exitCode === 0) {
  process.env.GRPC_STUDY_COMMAND = "npx -y pnpm@12 start";
  // What `--workers` starts again: all but the build.
  process.argv[1] = fileURLToPath(new URL("./serve.ts", import.meta.url));
  await import("./serve.ts");
}
