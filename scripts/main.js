// What the commands of the root package.json begin with: `node scripts/main.js NAME …` runs NAME.ts, once it is sure that it can.
// This file is JavaScript that every Node with modules reads.
import { existsSync } from "node:fs";

// pnpm installs before it runs a command, and runs the command even if that failed. Then the Node that comes with the dependencies is
// missing too, and what this would end with says nothing of the cause.
if (!existsSync(new URL("../node_modules/.modules.yaml", import.meta.url))) {
  process.stderr.write("error: the dependencies are not installed; what pnpm says above is the cause\n");
  process.exit(1);
}
await import("../packages/command/node-version.js");

const [name] = process.argv.splice(2, 1);
await import(`./${name}.ts`);
