// The entry of the commands in the root package.json: `node scripts/main.js NAME …` checks the
// installation and Node's version, then runs NAME.ts. This file is JavaScript, so that older
// versions of Node can read it.
import { existsSync } from "node:fs";

// pnpm installs before it runs a command, and runs the command even if that fails. Node 24, which
// comes with the dependencies, is then missing as well, and later errors would hide the cause.
if (!existsSync(new URL("../node_modules/.modules.yaml", import.meta.url))) {
  process.stderr.write("error: the dependencies are not installed; what pnpm says above is the cause\n");
  process.exit(1);
}
await import("../packages/command/node-version.js");

const [name] = process.argv.splice(2, 1);
await import(`./${name}.ts`);
