// Runs every example of every README exactly as written.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository, startMain } from "../harness/paths.ts";
import { Process } from "../harness/process.ts";
import { type Block, blocksOf, codeOf } from "./blocks.ts";
import { cannotRun, commandsOf, ownPorts, startTutorials, Workplace } from "./workplace.ts";

/** Examples that do not run here, and why. */
const exceptions: readonly (readonly [readme: string, heading: string, why: string])[] = [
  ["packages/server/README.md", "Adding a topic", "the package in the example does not exist"],
  ["packages/bench/README.md", "@grpc-study/bench", "it takes minutes"],
  ["packages/http2/README.md", "A server", "packages/http2/test/readme.test.ts runs it"],
  ["packages/live/README.md", "Publishing", "it needs a PostgreSQL server; packages/live/test runs the same calls"],
  ["packages/test-servers/README.md", "@grpc-study/test-servers", "packages/live/test starts its servers in this way"],
  ["packages/http2/README.md", "A client", "packages/http2/test/readme.test.ts runs it"],
  ["packages/nestjs/README.md", "A controller", "it has decorators; packages/nestjs/test/readme.test.ts finds it in the example"],
];

const packages = (await readdir(join(repository, "packages"))).map((name) => `packages/${name}/README.md`);
const found = await Promise.all(
  ["README.md", ...packages].map(async (readme) => ({
    readme,
    examples: await readFile(join(repository, readme), "utf8").then(blocksOf, (): Block[] => []),
  })),
);
const readmes = found
  .map(({ readme, examples }) => ({
    readme,
    examples: examples.filter(
      ({ language, heading }) =>
        ["ts", "console"].includes(language) && !exceptions.some(([file, title]) => file === readme && title === heading),
    ),
  }))
  .filter(({ examples }) => examples.length > 0);

test("README.zh-CN.md has the code of README.md, which runs once", async () => {
  const [english, chinese] = await Promise.all(
    ["README.md", "README.zh-CN.md"].map(async (file) => codeOf(await readFile(join(repository, file), "utf8"))),
  );
  expect(chinese).toEqual(english);
});

/** Disposed after the tests of this file. */
const started = new AsyncDisposableStack();
let tutorials: Awaited<ReturnType<typeof startTutorials>>;

beforeAll(async () => {
  tutorials = await startTutorials(started);
}, 60_000);

afterAll(() => started.disposeAsync());

describe.skipIf(cannotRun).each(readmes)("$readme", { concurrent: false, timeout: 60_000 }, ({ readme, examples }) => {
  const counts = new Map<string, number>();
  let workplace: Workplace;
  beforeAll(async () => {
    const own = await ownPorts(examples.map(({ text }) => text).join("\n"));
    workplace = await Workplace.open(join(tutorials.folder, readme.replaceAll(/\W/g, "-")), new Map([...own, ...tutorials.ports]));
  });
  afterAll(() => workplace[Symbol.asyncDispose]());
  for (const { heading, language, text } of examples) {
    const count = (counts.get(heading) ?? 0) + 1;
    counts.set(heading, count);
    const name = `${heading}, ${language} ${count}`;
    if (language === "ts") {
      test(name, async () => {
        // The file name in the surrounding text.
        const file = /\bgateway\.listen\(/.test(text) ? "http.ts" : `${heading.replaceAll(/\W/g, "-")}-${count}.ts`;
        await workplace.write(file, text);
        await workplace.runProgram(file, text);
      });
      continue;
    }
    for (const [command, printed] of commandsOf(text)) {
      test(`$ ${command}`, async () => {
        if (command === "npx -y pnpm@12 start") {
          // Listen on the tutorials' ports, on a loopback address that no other process uses: Linux
          // has all of 127.0.0.0/8.
          const host = process.platform === "linux" ? "127.9.4.6" : "localhost";
          await using server = new Process(process.execPath, [startMain, "--host", host], { cwd: workplace.folder });
          for (const line of printed.split("\n").filter(Boolean))
            await server.stdout.line((one) => one === line.replace("localhost", host));
          expect(server.stdout.text).toBe(printed.replaceAll("localhost", host));
        } else if (/exec node http\.ts$|pnpm@12 (start|gateway)\b/.test(command)) await workplace.keepRunning(command, printed);
        else await workplace.runCommand(command, printed);
      });
    }
  }
});

test("every exception still exists in its README", () => {
  for (const [readme, heading] of exceptions) {
    const examples = found.find((one) => one.readme === readme)?.examples ?? [];
    expect(
      examples.some((example) => example.heading === heading),
      `${readme}: ${heading}`,
    ).toBe(true);
  }
});
