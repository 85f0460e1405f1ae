// Exits with one line on stderr if Node is too old. A command imports this module first and every
// other module dynamically, or starts with `node --import …/node-version.js`: an old Node fails to
// load the other modules before any of their code runs. Every Node that supports modules can run
// this file.
import module from "node:module";

const [major, minor] = process.versions.node.split(".").map(Number);

// Node runs TypeScript from 22.18 and 23.6 on. `engines` in every package.json says the same.
const isSupported = major >= 24 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18);

if (!isSupported) {
  process.stderr.write(
    `error: grpc-study needs Node 22.18 or later (24 recommended), but ${process.execPath} is ${process.versions.node}: ` +
      "install a newer Node (https://nodejs.org)\n",
  );
  process.exit(1);
}

// A command starts faster the second time: Node keeps the compiled code in the temporary folder, or
// in $NODE_COMPILE_CACHE. NODE_DISABLE_COMPILE_CACHE=1 turns that off. Deno has no such function.
module.enableCompileCache?.();
