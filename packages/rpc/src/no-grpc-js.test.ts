// All entry points except ./grpc-js work without @grpc/grpc-js.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import manifest from "../package.json" with { type: "json" };

const run = promisify(execFile);

/**
 * Imports modules in a separate process that cannot resolve @grpc/grpc-js. Resolves with the number
 * of names that each module exports.
 */
async function importWithout(files: readonly string[]): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), "no-grpc-js-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const main = join(folder, "main.mjs");
  writeFileSync(
    main,
    `import { registerHooks } from "node:module";
    registerHooks({
      resolve(specifier, context, next) {
        if (specifier.startsWith("@grpc/grpc-js")) throw new Error("@grpc/grpc-js is not installed, says the test");
        return next(specifier, context);
      },
    });
    const counts = [];
    for (const file of ${JSON.stringify(files)}) counts.push(Object.keys(await import(file)).length);
    console.log(JSON.stringify(counts));`,
  );
  const { stdout } = await run(process.execPath, ["--conditions=@grpc-study/source", main]);
  return JSON.parse(stdout) as number[];
}

const entries = Object.entries(manifest.exports).map(([name, entry]) => ({
  name,
  file: new URL(`../${entry["@grpc-study/source"]}`, import.meta.url).href,
}));
const own = "./grpc-js";

test("all entry points except ./grpc-js can be imported", async () => {
  const files = entries.filter(({ name }) => name !== own).map(({ file }) => file);
  const counts = await importWithout(files);
  expect(counts).toHaveLength(files.length);
  expect(Math.min(...counts)).toBeGreaterThan(0);
});

test("./grpc-js names the missing package", async () => {
  const files = entries.filter(({ name }) => name === own).map(({ file }) => file);
  await expect(importWithout(files)).rejects.toThrow("@grpc/grpc-js is not installed, says the test");
});

test("only the files of the grpc-js transport import its types", () => {
  const source = fileURLToPath(new URL(".", import.meta.url));
  const others = readdirSync(source, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter(
      (file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && file !== "grpc-js.ts" && !file.startsWith("transport/grpc-js/"),
    );
  expect(others.length).toBeGreaterThan(50);
  expect(others.filter((file) => /from "@grpc\/grpc-js"/.test(readFileSync(join(source, file), "utf8")))).toEqual([]);
});
