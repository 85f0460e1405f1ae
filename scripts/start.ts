// `pnpm start`: the server's command, with the gateway beside it. The two packages do not know each other; this is where they meet.
import { build } from "./build.ts";
import { endWithLauncher } from "./launcher.ts";

endWithLauncher();
process.exitCode = build("server", "gateway");
if (process.exitCode === 0) await import("./serve.ts");
