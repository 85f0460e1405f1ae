// Tests the content of the tarballs.
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { describe, expect, inject, test } from "vitest";
import { budget } from "../src/budget.ts";

test("the published packages are those that have a budget", () => {
  expect(inject("tarballs").map(({ name }) => name)).toEqual(Object.keys(budget.tarballs));
});

describe.each(inject("tarballs"))("$name", ({ name, file, bytes }) => {
  const data = new Uint8Array(readFileSync(file));
  const tarball = createPackageFromTarballData(data);
  const prefix = `/node_modules/${name}/`;
  const files = tarball.listFiles().map((path) => path.slice(prefix.length));
  const read = (path: string) => tarball.readFile(prefix + path);
  const manifest = JSON.parse(read("package.json"));

  test("has a license, a repository, keywords and engines", () => {
    expect(manifest).toMatchObject({
      license: "MIT",
      engines: { node: expect.any(String) },
      repository: { type: "git", url: expect.stringMatching(/^git\+/), directory: expect.stringMatching(/^packages\//) },
      keywords: expect.arrayContaining(["grpc"]),
      sideEffects: expect.anything(),
    });
    expect(manifest.private).toBeUndefined();
    expect(files).toEqual(expect.arrayContaining(["LICENSE", "README.md"]));
  });

  test("depends on registry versions only, and runs no install script", () => {
    const { dependencies = {}, peerDependencies = {}, scripts = {} } = manifest;
    for (const range of Object.values({ ...dependencies, ...peerDependencies }))
      expect(range).toMatch(/^\^\d+\.\d+\.\d+( \|\| \^\d+\.\d+\.\d+)*$/);
    for (const script of ["preinstall", "install", "postinstall", "prepare"]) expect(scripts).not.toHaveProperty(script);
  });

  test("has the sources that its source maps name, and no test", () => {
    expect(files.filter((path) => /\.test\.|\.tsbuildinfo$/.test(path))).toEqual([]);
    const maps = files.filter((path) => path.endsWith(".map"));
    expect(maps.length).toBeGreaterThan(0);
    const sources = maps.flatMap((path) => JSON.parse(read(path)).sources.map((source: string) => normalize(join(dirname(path), source))));
    expect(sources.filter((source) => !files.includes(source))).toEqual([]);
  });

  // The registry shows the README without the repository around it.
  test("has a README whose links lead somewhere on a registry", () => {
    const prose = read("README.md").replaceAll(/^```.*?^```|`[^`]*`/gms, "");
    const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
    expect(targets.filter((target) => !/^(https:\/\/|#)/.test(target))).toEqual([]);
  });

  if (name === "@grpc-study/console") {
    test("has the licenses of what its page contains", () => {
      const licenses = read("dist/licenses.md");
      for (const text of [
        "## preact - ",
        "## uplot - ",
        "## @codemirror/view - ",
        "## @bufbuild/protobuf - ",
        "Apache License",
        "Copyright 2008 Google Inc.",
      ])
        expect(licenses).toContain(text);
    });
  }

  test("passes publint", async () => {
    const { messages, pkg } = await publint({ pack: { tarball: data.buffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  test("has types for ES modules that arethetypeswrong accepts", async () => {
    const analysis = await checkPackage(tarball);
    if (!analysis.types) throw new Error("the package has no types");
    // The packages are ES modules, also for `require` (Node 22.12), and need resolution by
    // `exports`.
    const problems = analysis.problems.filter(({ kind, ...rest }) => {
      const resolution = "resolutionKind" in rest ? rest.resolutionKind : undefined;
      return kind !== "CJSResolvesToESM" && resolution !== "node10";
    });
    expect(problems).toEqual([]);
  });

  test("is within its budget", () => {
    expect(bytes).toBeLessThanOrEqual(budget.tarballs[name] ?? 0);
  });
});
