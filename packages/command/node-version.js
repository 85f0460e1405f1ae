// Ends the process with one line if Node is too old. A command imports this first and everything else
// dynamically, or starts with `node --import …/node-version.js`: modules that an old Node cannot load
// would fail before any of their code runs. This file is JavaScript that every Node with modules reads.
const [major, minor] = process.versions.node.split(".").map(Number);

// From 22.18 and 23.6 on, Node runs TypeScript. The `engines` of every package.json say the same.
const isSupported = major >= 24 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18);

if (!isSupported) {
  process.stderr.write(
    `error: grpc-study needs Node 22.18 or later (24 is best), and ${process.execPath} is ${process.versions.node}: ` +
      "install a later Node (https://nodejs.org)\n",
  );
  process.exit(1);
}
