// Writes gen/version.js: the version of the package as a module, so that bundles have it.
import { readFileSync, writeFileSync } from "node:fs";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
writeFileSync(new URL("../gen/version.js", import.meta.url), `export const version = "${version}";\n`);
writeFileSync(
  new URL("../gen/version.d.ts", import.meta.url),
  "/** The version of this package. */\nexport declare const version: string;\n",
);
