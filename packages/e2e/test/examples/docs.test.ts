// Tests every example of the documentation. Each English page becomes a small project in its own
// folder: the test writes the files, type-checks all TypeScript in one run, and runs programs and
// commands in page order. A Chinese page must have the same code, except for comments.
//
//   ```ts               is type-checked
//   ```ts continues     is type-checked with the block before it
//   ```ts run           is a program, type-checked and run
//   ```… [file]         is a file of the page's folder
//   ```console          has commands and their output
//   ```console server   has a command that runs until the end of the page
//
// A page with the line `<!-- continues: guides/getting-started -->` begins with the files of that page.
import { globSync, readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isShort } from "../../../../scripts/ci-tests.ts";
import { repository, tsc } from "../harness/paths.ts";
import { run } from "../harness/process.ts";
import { type Block, blocksOf, codeOf } from "./blocks.ts";
import { cannotRun, commandsOf, ownPorts, startTutorials, Workplace } from "./workplace.ts";

const docs = join(repository, "docs");

/** A code block, and the file that it becomes. */
interface Example extends Block {
  /** The path in the folder of the page; `undefined` for commands. */
  readonly path: string | undefined;
}

function examplesOf(markdown: string): Example[] {
  const examples: Example[] = [];
  for (const [index, block] of blocksOf(markdown).entries()) {
    if (block.untested !== undefined) continue;
    if (block.language === "console") examples.push({ ...block, path: undefined });
    else if (block.marks.includes("continues")) {
      const before = examples.at(-1);
      if (before?.language !== "ts") throw new Error(`${block.heading}: a block with the mark "continues" must follow a ts block`);
      examples[examples.length - 1] = { ...before, marks: [...before.marks, ...block.marks], text: `${before.text}${block.text}` };
    } else if (block.language === "ts" || block.file !== undefined) {
      if (block.file !== undefined && !/^[\w.@/-]+\.\w+$/.test(block.file)) {
        if (block.language !== "ts") continue;
        examples.push({ ...block, path: `block-${index}.ts` });
      } else examples.push({ ...block, path: block.file ?? `block-${index}.ts` });
    }
  }
  return examples;
}

const all = globSync("**/*.md", { cwd: docs, exclude: (name) => ["node_modules", "api"].includes(name) })
  .map((file) => file.replaceAll("\\", "/"))
  .toSorted()
  .map((file) => {
    const markdown = readFileSync(join(docs, file), "utf8");
    return { page: file.replace(/\.md$/, ""), markdown, examples: examplesOf(markdown) };
  });
const pages = all.filter(({ page, examples }) => !page.startsWith("zh/") && examples.length > 0);

const translated = all.filter(({ page }) => page.startsWith("zh/"));

test.each(translated)("$page has the code of its English page", ({ page, markdown }) => {
  const english = all.find((one) => `zh/${one.page}` === page)?.markdown ?? "";
  expect(codeOf(markdown)).toEqual(codeOf(english));
});

/** The pages whose project a page continues, the first one first. */
function pagesBefore(markdown: string): typeof all {
  const name = /^<!-- continues: (\S+) -->$/m.exec(markdown)?.[1];
  if (name === undefined) return [];
  const found = all.find(({ page }) => page === name);
  if (found === undefined) throw new Error(`the page ${name} does not exist`);
  return [...pagesBefore(found.markdown), found];
}

/**
 * Returns the page together with the pages that it continues, and the example files that it includes or runs. The listening ports
 * are in there.
 */
async function textOf(markdown: string): Promise<string> {
  const included = new Set([...markdown.matchAll(/(?:<<< @\/\.\.\/|\bnode )(examples\/[\w/-]+\.ts)\b/g)].map(([, path = ""]) => path));
  const texts = [...included].map((path) => readFile(join(repository, path), "utf8").catch(() => ""));
  return [markdown, ...pagesBefore(markdown).map((before) => before.markdown), ...(await Promise.all(texts))].join("\n");
}

/** Whether a block is the tsconfig.json of a project with decorators, which Node does not run as it is. */
const decorated = ({ path, text }: Example) => path === "tsconfig.json" && text.includes('"experimentalDecorators": true');

/** Disposed after the tests of this file. */
const started = new AsyncDisposableStack();
const places = new Map<string, Workplace>();
let folder: string;

beforeAll(async () => {
  const tutorials = await startTutorials(started);
  folder = tutorials.folder;
  for (const { page, markdown, examples } of pages) {
    const own = await ownPorts(await textOf(markdown));
    const workplace = await Workplace.open(join(folder, page.replaceAll("/", "-")), new Map([...tutorials.ports, ...own]));
    places.set(page, started.use(workplace));
    const project = pagesBefore(markdown).flatMap((before) => before.examples.filter(({ marks }) => !marks.includes("run")));
    for (const { path, text } of project) if (path !== undefined) await workplace.write(path, text);
    // An earlier version of a file gets its own name, so that it is type-checked too.
    for (const [index, { path, text }] of examples.entries()) {
      if (path === undefined) continue;
      const later = examples.slice(index + 1).some((one) => one.path === path);
      await workplace.write(later ? path.replace(/\.(\w+)$/, `.${index}.$1`) : path, text);
    }
    if ([...project, ...examples].some(({ path }) => path === "buf.gen.yaml")) await workplace.runCommand("npx buf generate", "");
  }
}, 120_000);

afterAll(() => started.disposeAsync());

test("every TypeScript block compiles", { timeout: 120_000, concurrent: false }, async () => {
  const options = {
    extends: "../tsconfig.json",
    compilerOptions: { moduleDetection: "force", noImplicitReturns: false },
    include: ["*/**/*.ts"],
    // Pages whose commands compile them, with decorators.
    exclude: pages.filter(({ examples }) => examples.some(decorated)).map(({ page }) => page.replaceAll("/", "-")),
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(options));
  const { status, stdout } = await run(process.execPath, [tsc, "--project", folder, "--pretty", "false"], { cwd: folder });
  expect(stdout).toBe("");
  expect(status).toBe(0);
});

// The start table in the README, which readme.test.ts tests.
const served = readFileSync(join(repository, "README.md"), "utf8");

/** In CI, packages/release runs the guides of the first week from tarballs, and their code is checked here. */
const running = isShort ? pages.filter(({ page }) => page.startsWith("tutorials/")) : pages;

describe.skipIf(cannotRun).each(running)("$page", { concurrent: false, timeout: 60_000 }, ({ page, examples }) => {
  const placeOf = () => places.get(page) as Workplace;
  for (const [index, { heading, marks, path, text }] of examples.entries()) {
    if (path !== undefined) {
      const changes = examples.some((one, other) => other !== index && one.path === path);
      if (!changes && !marks.includes("run")) continue;
      test(`${heading}: ${path}`, async () => {
        await placeOf().write(path, text);
        if (marks.includes("run")) await placeOf().runProgram(path, text);
      });
      continue;
    }
    for (const [command, printed] of commandsOf(text)) {
      test(`${heading}: $ ${command}`, async () => {
        if (marks.includes("server")) await placeOf().keepRunning(command, printed);
        else if (/^npx -y pnpm@12 (start|test)\b/.test(command)) {
          // The servers of the tests replace this command.
          for (const line of printed.split("\n").filter(Boolean)) expect(served).toContain(line);
        } else await placeOf().runCommand(command, printed);
      });
    }
  }
});

test("at most a tenth of the blocks are untested", () => {
  const blocks = all.flatMap(({ markdown }) => blocksOf(markdown));
  const untested = blocks.filter((block) => block.untested !== undefined);
  expect(untested.length).toBeLessThanOrEqual(blocks.length / 10);
});
