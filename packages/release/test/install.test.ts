// The tarballs in projects outside the workspace, as users install them.
import { readdirSync, readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { isShort } from "../../../scripts/ci-tests.ts";
import { budget } from "../src/budget.ts";
import { project, run } from "../src/install.ts";
import { installed } from "../src/size.ts";

const [small, full, runtimes] = [inject("small"), inject("full"), inject("runtimes")];
const require = createRequire(import.meta.url);

/** The specifiers of a package that can be imported. */
function entriesOf(folder: string): string[] {
  const { name, exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return Object.keys(exports)
    .filter((path) => !/\/main\.js$|\.json$/.test(path))
    .map((path) => name + path.slice(1));
}

const entries = installed(full)
  .packages.filter(({ name }) => name.startsWith("@grpc-study/"))
  .flatMap(({ folder }) => entriesOf(folder));

describe.each(["rpc", "gateway"] as const)("the tree of %s", (name) => {
  const { bytes, packages } = inject("trees")[name];

  test("has no package that runs a script when it is installed", () => {
    expect(packages.filter(({ runsWhenInstalled }) => runsWhenInstalled)).toEqual([]);
  });

  test("has one copy of each of our packages and of protobuf-es", () => {
    const names = packages.map((one) => one.name).filter((one) => /^@grpc-study\/|^@bufbuild\/protobuf$/.test(one));
    expect(names).toEqual([...new Set(names)]);
  });

  test("is within its budget", () => {
    expect(bytes).toBeLessThanOrEqual(budget.trees[name].bytes);
    expect(packages.length).toBeLessThanOrEqual(budget.trees[name].packages);
  });
});

test("rpc installs only codec, http2 and protobuf-es", () => {
  expect(readdirSync(join(small, "node_modules")).filter((name) => !name.startsWith("."))).toEqual(["@bufbuild", "@grpc-study"]);
  expect(readdirSync(join(small, "node_modules/@bufbuild"))).toEqual(["protobuf"]);
  expect(readdirSync(join(small, "node_modules/@grpc-study"))).toEqual(["codec", "http2", "rpc"]);
});

describe.each(Object.entries(runtimes))("with %s", (name, program) => {
  const options = name === "Deno" ? ["run", "--allow-all", "--no-check"] : [];
  const start = (folder: string, file: string) => run(program, [...options, file], folder, { DENO_DIR: join(folder, ".deno") });

  test("a service responds to its client, on the lowest protobuf-es", async () => {
    expect(await start(small, "greeter.ts")).toBe("greeter: ok\n");
  });

  test("a gateway serves a service with rules, on the highest protobuf-es", async () => {
    expect(await start(full, "library.ts")).toBe("library: ok\n");
  });

  test("a gateway serves by fetch, with the server of the runtime, and in Fastify", async () => {
    expect(await start(full, "fetch.ts")).toBe("fetch: ok\n");
  });

  test("each entry can be required from CommonJS", async () => {
    const lines = entries.map((entry) => `require(${JSON.stringify(entry)});`);
    await writeFile(join(full, "required.cjs"), `${lines.join("\n")}\nconsole.log("required");\n`);
    expect(await start(full, "required.cjs")).toBe("required\n");
  });
});

// Each version with one of the two resolutions: a version decides what a declaration may contain, and
// the resolution which file it is in. The guides resolve as Node does with version 7, too.
test.each([
  // Takes most of a minute.
  ...(isShort
    ? []
    : [
        {
          version: "5.6",
          tsc: join(require.resolve("typescript-lowest/package.json"), "../bin/tsc"),
          module: "nodenext",
          moduleResolution: "nodenext",
        },
      ]),
  {
    version: "7",
    tsc: fileURLToPath(new URL("../../../node_modules/typescript/bin/tsc", import.meta.url)),
    module: "esnext",
    moduleResolution: "bundler",
  },
])(
  "TypeScript $version checks the programs and the declarations with module $module and moduleResolution $moduleResolution",
  async ({ version, tsc, module, moduleResolution }) => {
    await writeFile(join(full, "entries.ts"), entries.map((entry, i) => `export * as e${i} from "${entry}";\n`).join(""));
    const options = { noEmit: true, strict: true, target: "es2022", module, moduleResolution, types: ["node"], skipLibCheck: false };
    const file = join(full, `tsconfig.${version}.${moduleResolution}.json`);
    await writeFile(file, JSON.stringify({ compilerOptions: options, files: ["entries.ts", "fetch.ts", "greeter.ts", "library.ts"] }));
    const output = await run(process.execPath, [tsc, "--pretty", "false", "-p", file], full).catch((error: Error) => error.message);
    const errors = output.split("\n").filter((line) => /error TS\d+/.test(line));
    // protobuf-es's own declarations need TypeScript 5.7, for `Uint8Array<ArrayBuffer>`.
    expect(errors.filter((line) => version !== "5.6" || !line.startsWith("node_modules/@bufbuild/protobuf/"))).toEqual([]);
  },
);

describe.each(["esm", "cjs"] as const)("bundled by esbuild as %s", (format) => {
  test.each([
    ["greeter.ts", "greeter: ok\n"],
    ["library.ts", "library: ok\n"],
  ])("%s runs outside the project", async (program, output) => {
    const folder = await project();
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const outfile = join(folder, format === "esm" ? "bundle.mjs" : "bundle.cjs");
    // Some dependencies are CommonJS, so an ES module bundle needs a `require`.
    const banner =
      format === "esm" ? { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' } : {};
    await build({
      absWorkingDir: full,
      entryPoints: [program],
      outfile,
      bundle: true,
      platform: "node",
      format,
      banner,
      logLevel: "error",
    });
    expect(await run(runtimes["Node 22.18.0"] ?? process.execPath, [outfile], folder)).toBe(output);
  });
});
