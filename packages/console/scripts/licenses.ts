// Moves the licenses of the libraries in the page out of it, and completes them: the packages of Buf have
// no text of their licenses on npm.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const page = new URL("../dist/app/licenses.md", import.meta.url);
const text = readFileSync(page, "utf8");

for (const [, name = "", license = "", body = ""] of text.matchAll(/^## (.+) - \S+ \((.+)\)\n([^#]*)/gm)) {
  if (body.trim() === "" && !/^Apache-2\.0$|^\(Apache-2\.0 AND BSD-3-Clause\)$/.test(license))
    throw new Error(`${name} has no text of its license, ${license}: add it to scripts/licenses.ts`);
}

const apache = readFileSync(new URL("../../proto/third_party/LICENSE", import.meta.url), "utf8").trim();
const varint = readFileSync(fileURLToPath(import.meta.resolve("@bufbuild/protobuf/wire")).replace(/index\.js$/, "varint.js"), "utf8");
const bsd = varint.slice(0, varint.search(/^(?!\/\/)/m)).replaceAll(/^\/\/ ?/gm, "");
if (!bsd.includes("Redistribution and use")) throw new Error("@bufbuild/protobuf has no BSD license in its varint.js");

writeFileSync(
  new URL("../licenses.md", page),
  `${text}\n## Apache-2.0\n\n${apache}\n\n## BSD-3-Clause, of parts of @bufbuild/protobuf\n\n${bsd.trim()}\n`,
);
rmSync(page);
