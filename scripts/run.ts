// `node scripts/main.js run NAME`: builds a package and its dependencies, then becomes the
// package's command. One process instead of `build && run`, so that signals reach the command, on
// Windows too.
import { fileURLToPath } from "node:url";
import { build } from "./build.ts";
import { endWithLauncher } from "./launcher.ts";

const [name = ""] = process.argv.splice(2, 1);

endWithLauncher();
process.exitCode = build(name);
if (process.exitCode === 0) {
  // The command that was typed, for `--help` and for messages.
  const typed = name !== "server" ? ` ${name}` : ["certs", "migrate"].includes(process.argv[2] ?? "") ? "" : " start";
  process.env.GRPC_STUDY_COMMAND = `npx -y pnpm@12${typed}`;
  const main = new URL(`../packages/${name}/dist/main.js`, import.meta.url);
  // The program that `--workers` starts again.
  process.argv[1] = fileURLToPath(main);
  await import(main.href);
}
