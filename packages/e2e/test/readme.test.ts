// The READMEs' first examples, as they stand there.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "./harness/process.ts";

const root = new URL("../../../", import.meta.url);
const packageFolder = new URL("..", import.meta.url).pathname;

// Node runs TypeScript from 22.18, but `using` from 24 only.
const skip = Number(process.versions.node.split(".")[0]) < 24;

test.skipIf(skip).each(["README.md", "packages/rpc/README.md"])("the first example of %s prints what it says", async (readme) => {
  const [, example] = /```ts\n([\s\S]*?)```/.exec(await readFile(new URL(readme, root), "utf8")) ?? [];
  expect(example).toContain("console.log(message); // Hello world");
  // Within the package, so that the imports are found.
  const folder = await mkdtemp(join(packageFolder, ".readme-"));
  try {
    const file = join(folder, "example.ts");
    await writeFile(file, example ?? "");
    expect(await run(process.execPath, [file])).toEqual({ status: 0, stdout: "Hello world\n", stderr: "" });
  } finally {
    await rm(folder, { recursive: true });
  }
});
