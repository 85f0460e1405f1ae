// The files of guides in a folder of their own, for tests that look at their programs from outside.
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { e2eFolder, repository } from "../harness/paths.ts";
import { blocksOf } from "./blocks.ts";
import { ownPorts, Workplace } from "./workplace.ts";

/**
 * Writes the files of guides, and generates their code.
 *
 * @param started removes the folder and stops its programs.
 * @param guides the names of pages, such as `getting-started`. A later one replaces files of an earlier one.
 * @param change changes the text of each file.
 */
export async function guideProject(
  started: AsyncDisposableStack,
  guides: readonly string[],
  change = (text: string) => text,
): Promise<Workplace> {
  const pages = guides.map((name) => readFileSync(join(repository, "docs/guides", `${name}.md`), "utf8"));
  const folder = await mkdtemp(join(e2eFolder, ".examples-"));
  started.defer(() => rm(folder, { recursive: true }));
  const workplace = started.use(await Workplace.open(folder, await ownPorts(pages.join("\n"))));
  for (const { file, text } of pages.flatMap(blocksOf)) if (file !== undefined) await workplace.write(file, change(text));
  await workplace.runCommand("npx buf generate", "");
  return workplace;
}
