// Generates gen/swagger-ui: a module with the three files of Swagger UI that the documentation page
// loads, and their licenses. Bundlers include a module, but not loose files.
//
// `swagger-ui-dist` is a development dependency. It contains 12 MB of files that the page does not
// use, and depends on a package whose install script reports each installation to its maker.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const source = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
const target = fileURLToPath(new URL("../gen/swagger-ui/", import.meta.url));
const { version } = JSON.parse(readFileSync(join(source, "package.json"), "utf8")) as { version: string };

const names = ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"];
const entries = names.map((name) => {
  const content = gzipSync(readFileSync(join(source, name)), { level: 9 });
  return `  ${JSON.stringify(name)}: "${content.toString("base64")}",\n`;
});

mkdirSync(target, { recursive: true });
writeFileSync(
  join(target, "assets.js"),
  `// Swagger UI ${version}, Apache License 2.0: see LICENSE and NOTICE beside this file.\nexport const version = "${version}";\nexport const gzipped = {\n${entries.join("")}};\n`,
);
writeFileSync(
  join(target, "assets.d.ts"),
  `/** The version of Swagger UI. */\nexport declare const version: string;\n/** The files, compressed with gzip, in base64. */\nexport declare const gzipped: {\n${names.map((name) => `  readonly ${JSON.stringify(name)}: string;\n`).join("")}};\n`,
);
for (const name of ["LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt"])
  writeFileSync(join(target, name), readFileSync(join(source, name)));
