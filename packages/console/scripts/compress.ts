// Compresses the files of the page, so that no server needs to, and moves the licenses of what they
// contain beside them.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const folder = fileURLToPath(new URL("../dist/app/", import.meta.url));

// The packages under the Apache License have no copy of it on npm.
const apache = readFileSync(new URL("../../proto/third_party/LICENSE", import.meta.url), "utf8");
writeFileSync(join(folder, "../licenses.md"), `${readFileSync(join(folder, "licenses.md"), "utf8")}\n## Apache-2.0\n\n${apache.trim()}\n`);
rmSync(join(folder, "licenses.md"));
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath, entry.name);
  const content = readFileSync(path);
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  writeFileSync(`${path}.br`, brotliCompressSync(content, { params }));
  writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
}
