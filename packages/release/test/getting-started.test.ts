// The guide "Getting started" in an empty project, step by step as it stands there, on the lowest Node that it names.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { project, run } from "../src/install.ts";
import { bin, freePort, tsc } from "./guide.ts";

const runtimes = inject("runtimes");
const node = runtimes["Node 22.18.0"] ?? process.execPath;

// The Chinese page has the same code: packages/e2e/test/examples/docs.test.ts compares them.
describe("docs/guides/getting-started.md", () => {
  const page = readFileSync(new URL("../../../docs/guides/getting-started.md", import.meta.url), "utf8");
  let folder: string;
  let address: string;
  let server: ChildProcess | undefined;

  const write = async (file: string, text: string) => {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text.replaceAll("127.0.0.1:50051", address));
  };
  const generate = () => run(join(bin, "buf"), ["generate"], folder, { PATH: `${bin}:${process.env.PATH}` });

  beforeAll(async () => {
    folder = await project();
    address = `127.0.0.1:${await freePort()}`;
    // What the installations of the page leave.
    await symlink(join(inject("full"), "node_modules"), join(folder, "node_modules"), "junction");
    for (const [, file = "", text = ""] of page.matchAll(/^```\w+ \[([^\]]+)\]\n([\s\S]*?)^```$/gm)) await write(file, text);
    await generate();
  });

  afterAll(async () => {
    if (server?.exitCode === null && server.kill("SIGKILL")) await once(server, "exit");
    await rm(folder, { recursive: true, force: true });
  });

  test("passes the type check with the page's tsconfig.json", async () => {
    expect(await run(process.execPath, [tsc, "--pretty", "false"], folder)).toBe("");
  });

  test("has a server that answers the client as the page says, and ends in order", async () => {
    server = spawn(node, ["server.ts"], { cwd: folder, env: { ...process.env, NODE_OPTIONS: "" }, stdio: ["ignore", "pipe", "inherit"] });
    const [line] = await once(server.stdout as NodeJS.ReadableStream, "data");
    expect(String(line)).toBe(`listening on ${address}\n`);
    const printed = /^\$ node client\.ts\n([\s\S]*?)^```$/m.exec(page)?.[1];
    expect(printed).toMatch(/\n/);
    expect(await run(node, ["client.ts"], folder)).toBe(printed);
    server.kill("SIGTERM");
    expect(await once(server, "exit")).toEqual([0, null]);
  });

  test("has a test that passes", async () => {
    expect(await run(node, ["--test", "--test-reporter=dot"], folder)).toBe("..\n");
  });

  test("generates a service with HTTP and validation rules, by the .proto files of the packages", async () => {
    const [modules = "", option = ""] = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text]) => text);
    await write("buf.yaml", modules);
    const config = readFileSync(join(folder, "buf.gen.yaml"), "utf8");
    await write("buf.gen.yaml", config.replace(/^ +opt: .*\n/m, option));
    const library = new URL("../consumer/proto/library/v1/library.proto", import.meta.url);
    await write("proto/library/v1/library.proto", readFileSync(library, "utf8"));
    await generate();
    await write("library.ts", readFileSync(new URL("../consumer/library.ts", import.meta.url), "utf8"));
    expect(await run(node, ["library.ts"], folder)).toBe("library: ok\n");
  });
});
