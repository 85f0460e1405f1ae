// `client`, `certs`, `gateway` and `bench`, and each package's own `start`: builds a package and what it
// needs, then becomes its command. One process rather than `build && run`, so that a signal reaches the
// command itself, on Windows too.
import { build } from "./build.ts";
import { endWithLauncher } from "./launcher.ts";

const [name = ""] = process.argv.splice(2, 1);

endWithLauncher();
process.exitCode = build(name);
if (process.exitCode === 0) {
  // What was typed, for `--help` and for what messages tell to type.
  const typed = name !== "server" ? ` ${name}` : process.argv[2] === "certs" ? "" : " start";
  process.env.GRPC_STUDY_COMMAND = `npx -y pnpm@12${typed}`;
  await import(new URL(`../packages/${name}/dist/main.js`, import.meta.url).href);
}
