// What the console copies for other tools does what the page does: the tests run it.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buf, e2eFolder, packagesFolder, tsc } from "../harness/paths.ts";
import { run } from "../harness/process.ts";
import { type Kinds, startKinds } from "./kinds.ts";
import { ConsolePage } from "./page.ts";
import { inChromium } from "./shared.ts";

const started = new AsyncDisposableStack();
let kinds: Kinds;
let folder: string;

const hostile = `it's "quoted" $(id) \`id\` $HOME \\n !! %41 <b>\n单\t\u202e{x}`;
const token = `Bearer it's "x" $(id) !, a`;

/** Copies a call of a method for a tool. */
async function copied(method: string, tool: string, requests: readonly object[]): Promise<string> {
  await using view = await ConsolePage.open(kinds.url, `console.test.v1.Kinds/${method}`);
  const { page } = view;
  await page.getByLabel("Authorization").fill(token);
  await page.getByLabel("Deadline (ms)").fill("100000");
  for (const request of requests) {
    await view.write(JSON.stringify(request));
    if (requests.length > 1) await view.press("Send message");
  }
  await view.press("Copy as");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("tab", { name: tool, exact: true }).click();
  await dialog.getByLabel("Metadata").selectOption("all");
  const text = (await dialog.locator("pre").textContent()) ?? "";
  expect(view.errors).toEqual([]);
  return text;
}

/** Each call that the handlers have seen came with the token. */
function hasToken(): void {
  expect(kinds.seen.metadata.length).toBeGreaterThan(0);
  for (const metadata of kinds.seen.metadata) expect(metadata).toContainEqual(["authorization", [token]]);
}

/** Runs a command in a shell, and returns its output as messages of JSON. */
async function shell(text: string, env: Readonly<Record<string, string>> = {}): Promise<unknown[]> {
  const { status, stdout, stderr } = await run("/bin/sh", ["-c", text], { env });
  expect({ status, stdout: stdout === "" ? stderr : "" }).toEqual({ status: 0, stdout: "" });
  return stdout
    .split(/\n(?=\{)/)
    .filter((part) => part.trim() !== "")
    .map((part) => JSON.parse(part) as unknown);
}

const require = createRequire(import.meta.url);

inChromium("copy", { timeout: 120_000 }, () => {
  beforeAll(async () => {
    const rules = [
      { selector: "console.test.v1.Kinds.Repeat", pattern: { case: "get" as const, value: "/v1/repeat/{text}" } },
      { selector: "console.test.v1.Kinds.Join", pattern: { case: "post" as const, value: "/v1/join" }, body: "*" },
    ];
    kinds = started.use(await startKinds({ rules }));
    folder = await mkdtemp(join(e2eFolder, ".examples-copy-"));
    started.defer(() => rm(folder, { recursive: true }));
  });
  afterAll(() => started.disposeAsync());

  test.each([
    ["Say", [{ text: hostile, count: 3 }], [{ text: `said ${hostile}`, count: 3 }]],
    [
      "Echo",
      [{ stringValue: hostile, names: ["a"], int64Value: "9007199254740993" }],
      [{ stringValue: hostile, names: ["a"], int64Value: "9007199254740993" }],
    ],
    ["Repeat", [{ text: hostile, count: 2 }], [1, 2].map((count) => ({ result: { text: `${hostile} ${count}`, count } }))],
    ["Join", [{ text: hostile }, { text: "b" }], [{ text: `${hostile} b`, count: 2 }]],
  ])("curl calls %s", async (method, requests, expected) => {
    const text = await copied(method, "curl", requests);
    expect(await shell(text)).toEqual(expected);
    if (method !== "Echo") hasToken();
  });

  test.each([
    ["Say", [{ text: hostile, count: 3 }], [{ text: `said ${hostile}`, count: 3 }]],
    ["Repeat", [{ text: hostile, count: 2 }], [1, 2].map((count) => ({ text: `${hostile} ${count}`, count }))],
    ["Talk", [{ text: hostile }, { text: "b" }], [{ text: `heard ${hostile}` }, { text: "heard b" }]],
  ])("buf curl calls %s", async (method, requests, expected) => {
    const text = await copied(method, "buf curl", requests);
    const command = text.replace(/^buf/, `"$NODE" "$BUF"`);
    expect(await shell(command, { NODE: process.execPath, BUF: buf })).toEqual(expected);
    hasToken();
  });

  test("TypeScript compiles and runs", async () => {
    const config = JSON.stringify({ version: "v2", modules: [{ path: "gateway/third_party" }, { path: "e2e/test/console/proto" }] });
    const plugin = {
      local: [process.execPath, require.resolve("@bufbuild/protoc-gen-es/bin/protoc-gen-es")],
      include_imports: true,
      out: "gen",
      opt: ["target=js+dts", "import_extension=js"],
    };
    const template = JSON.stringify({ version: "v2", plugins: [plugin] });
    const proto = `${packagesFolder}/e2e/test/console/proto/kinds.proto`;
    const generated = run(process.execPath, [
      buf,
      "generate",
      packagesFolder,
      "--config",
      config,
      "--template",
      template,
      "--path",
      proto,
      "-o",
      folder,
    ]);
    const note = { text: hostile, count: 2 };
    const everything = {
      stringValue: hostile,
      bytesValue: "AQI=",
      colour: "COLOUR_BLUE",
      choiceText: "a",
      any: { "@type": "type.googleapis.com/console.test.v1.Note", text: "b" },
    };
    const programs: readonly (readonly [name: string, method: string, tool: string, requests: readonly object[], output: RegExp])[] = [
      ["rpc-echo", "Echo", "@grpc-study/rpc", [everything], /colour: 1/],
      ["rpc-talk", "Talk", "@grpc-study/rpc", [note, { text: "b" }], /heard it[\s\S]*heard b/],
      ["web-echo", "Echo", "connect-web", [everything], /colour: 1/],
      ["web-repeat", "Repeat", "connect-web", [note], /\{x\} 1'[\s\S]*\{x\} 2'/],
    ];
    for (const [name, method, tool, requests] of programs)
      await writeFile(join(folder, `${name}.ts`), await copied(method, tool, requests));
    expect(await generated).toMatchObject({ status: 0 });
    await writeFile(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: "../../../tsconfig.base.json",
        compilerOptions: { noEmit: true, customConditions: [] },
        include: ["*.ts"],
      }),
    );
    expect(await run(process.execPath, [tsc, "-p", folder, "--pretty", "false"])).toEqual({ status: 0, stdout: "", stderr: "" });
    const all = programs.map(([name]) => `console.log("# ${name}"); await import("./${name}.ts");`).join("\n");
    await writeFile(join(folder, "all.mjs"), all);
    const { status, stdout, stderr } = await run(process.execPath, [join(folder, "all.mjs")]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const [name, , , , output] of programs) expect(stdout.split(`# ${name}\n`)[1]?.split("# ")[0]).toMatch(output);
    hasToken();
  });
});
