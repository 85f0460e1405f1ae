// The guide "NestJS" in empty projects with each supported major version of Nest.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { install, project, run } from "../src/install.ts";
import { blocksOf, chainOf, commandsOf, GuideProject, installedBy, markdownOf, tsc } from "./guide.ts";

const node = inject("runtimes")["Node 22.18.0"] ?? process.execPath;
const page = "guides/nestjs";
const tarballs = inject("tarballs").filter(({ name }) => /\/(codec|http2|nestjs|rpc)$/.test(name));

describe.each([10, 11, 12])("NestJS %d", (version) => {
  let modules: string;
  let place: GuideProject;

  beforeAll(async () => {
    modules = await project();
    const names = installedBy(chainOf(page)).filter((name) => !/^@grpc-study\/|^@bufbuild\/|^typescript$/.test(name));
    const versions = names.map((name) => (name.startsWith("@nestjs/") ? `${name}@${version}` : name));
    await install(modules, [...tarballs.map(({ file }) => file), "@bufbuild/protobuf@2", ...versions]);
    place = await GuideProject.create(page, join(modules, "node_modules"), node);
    for (const { file, text } of blocksOf(markdownOf(page))) if (file !== undefined) await place.write(file, text);
    await place.command("buf generate");
  });
  afterAll(async () => {
    await place[Symbol.asyncDispose]();
    await rm(modules, { recursive: true, force: true });
  });

  test("the guide works step by step", async () => {
    for (const { language, marks, text } of blocksOf(markdownOf(page))) {
      if (language !== "console") continue;
      for (const [line, printed] of commandsOf(text)) {
        if (marks.includes("server")) await place.start(line, printed);
        // The bin folder has the lowest TypeScript.
        else if (line === "npx tsc") expect(await run(process.execPath, [tsc, "--pretty", "false"], place.folder)).toBe("");
        else expect([line, (await place.command(line)).trimEnd()]).toEqual([line, place.withPorts(printed).trimEnd()]);
      }
    }
  });

  test("the entry can be required from CommonJS", async () => {
    await writeFile(join(modules, "required.cjs"), 'console.log(Object.keys(require("@grpc-study/nestjs")).join(" "));\n');
    expect(await run(node, ["required.cjs"], modules)).toBe(
      "GrpcClientModule GrpcExceptionFilter GrpcStrategy Implement InjectClient clientToken\n",
    );
  });
});
