// The ten pages of the guide "The first week" as a reader meets them: in an empty project with the
// tarballs, on the lowest Node that "Getting started" names.
import { once } from "node:events";
import { cp, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { install, project, run } from "../src/install.ts";
import { type Block, blocksOf, chainOf, commandsOf, GuideProject, importedBy, installedBy, markdownOf, tsc } from "./guide.ts";

const node = inject("runtimes")["Node 22.18.0"] ?? process.execPath;
const overview = "guides/first-week";
const pages = [...markdownOf(overview).matchAll(/^\| .*?\]\(\/(guides\/first-week\/[\w-]+)\)/gm)].map(([, page = ""]) => page);
/** The guides with the details, and the service with all of it, continue the project as well. */
const others = ["first-week/all-in-one", "jwt", "logs", "metrics", "tracing", "retries", "testing"].map((name) => `guides/${name}`);
const continuing = [...pages, ...others];

/** A project with the tarballs, and what the pages install from the registry. */
let modules: string;
/** The projects of the pages. */
const places = new Map<string, GuideProject>();

beforeAll(async () => {
  modules = await project();
  const own = inject("tarballs")
    .filter(({ name }) => name !== "@grpc-study/nestjs")
    .map(({ name, file }) => [name, file] as const);
  const names = new Set(
    continuing.flatMap((page) => installedBy(chainOf(page)).filter((name) => !/^@grpc-study\/|^@bufbuild\/|^typescript$/.test(name))),
  );
  await install(modules, [
    ...own.map(([, file]) => file),
    "@bufbuild/protobuf@2",
    "@types/node@24",
    ...[...names].filter((name) => name !== "@types/node"),
  ]);
  for (const page of continuing) {
    const place = await GuideProject.create(page, join(modules, "node_modules"), node);
    places.set(page, place);
    for (const [index, block] of blocksOf(markdownOf(page)).entries()) {
      const file = fileOf(block, index);
      if (file !== undefined) await place.write(file, block.text);
    }
    await place.command("buf generate");
  }
});
afterAll(async () => {
  for (const place of places.values()) await place[Symbol.asyncDispose]();
  await rm(modules, { recursive: true, force: true });
});

test("there are ten pages, which continue Getting started", () => {
  expect(pages).toHaveLength(10);
  expect(continuing.filter((page) => chainOf(page)[0] !== "guides/getting-started")).toEqual([]);
});

// One run of the compiler reads the declarations of the packages once.
test("the pages pass the type check of Getting started", async () => {
  const all = await project();
  onTestFinished(() => rm(all, { recursive: true, force: true }));
  await symlink(join(modules, "node_modules"), join(all, "node_modules"), "junction");
  for (const [page, { folder }] of places) {
    await cp(join(folder, "tsconfig.json"), join(all, "tsconfig.json"));
    await cp(folder, join(all, page), { recursive: true, filter: (path) => !/node_modules|tsconfig\.json$/.test(path) });
  }
  expect(await run(process.execPath, [tsc, "--pretty", "false"], all).catch(({ message }: Error) => message)).toBe("");
});

describe.each(continuing)("docs/%s.md", (page) => {
  const blocks = blocksOf(markdownOf(page));
  afterAll(() => places.get(page)?.[Symbol.asyncDispose]());

  test("installs what it imports", () => {
    const installed = installedBy(chainOf(page));
    expect(importedBy(chainOf(page)).filter((name) => !installed.includes(name))).toEqual([]);
  });

  test.runIf(blocks.some(({ language, marks }) => language === "console" || marks.includes("run")))("works step by step", async () => {
    const place = places.get(page) as GuideProject;
    for (const [index, block] of blocks.entries()) {
      const file = fileOf(block, index);
      if (file !== undefined) await place.write(file, block.text);
      if (block.marks.includes("run") && file !== undefined)
        expect(await place.command(`node ${file}`)).toBe(place.withPorts(printedBy(block.text)));
      if (block.language !== "console") continue;
      for (const [line, printed] of commandsOf(block.text)) {
        if (block.marks.includes("server")) await place.start(line, printed);
        else expect([line, (await place.command(line)).trimEnd()]).toEqual([line, place.withPorts(printed).trimEnd()]);
      }
    }
  });
});

test("the Dockerfile's server and health check run with rpc and protobuf-es alone, and SIGTERM ends the server", async () => {
  await using place = await GuideProject.create("guides/first-week/docker", join(inject("small"), "node_modules"), node);
  await place.command("buf generate");
  const dockerfile = blocksOf(markdownOf("guides/first-week/docker")).find(({ file }) => file === "Dockerfile")?.text ?? "";
  const commandOf = (keyword: string) => {
    const args = JSON.parse(new RegExp(`^(?:${keyword})\\b.*?(\\[.*\\])$`, "m").exec(dockerfile)?.[1] ?? "[]") as string[];
    return `node ${args.filter((arg) => arg !== "/nodejs/bin/node").join(" ")}`;
  };
  const address = place.withPorts("127.0.0.1:50051");
  const server = await place.start(`env LISTEN=${address} NODE_ENV=production ${commandOf("CMD")}`, `listening on ${address}\n`);
  expect(await place.command(commandOf("HEALTHCHECK"))).toBe("SERVING\n");
  server.kill("SIGTERM");
  expect(await once(server, "exit")).toEqual([0, null]);
  await expect(place.command(commandOf("HEALTHCHECK"))).rejects.toThrow(/nothing listens there/);
});

/** The file of a block, or undefined if it is a part of a file or a command. */
function fileOf({ language, file }: Block, index: number): string | undefined {
  if (file !== undefined) return file;
  return language === "ts" ? `block-${index}.ts` : undefined;
}

/** What the comments of a program say that it prints. */
function printedBy(text: string): string {
  return [...text.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, line]) => `${line}\n`).join("");
}
