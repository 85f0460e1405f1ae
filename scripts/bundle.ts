// Compiles the current package into one file for each of its entries and chunks that entries share;
// tsc writes the types. Node spends about a millisecond on each module that it loads, and commands
// loaded several hundred. Other packages stay imports.
import { readFileSync } from "node:fs";
import { rolldown } from "rolldown";

interface PackageJson {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly bin?: Readonly<Record<string, string>>;
}

const { exports, bin = {} }: PackageJson = JSON.parse(readFileSync("package.json", "utf8"));
const outputs = [
  ...Object.values(exports).map((target) => (typeof target === "string" ? target : target["default"])),
  ...Object.values(bin),
];
const names = new Set(outputs.flatMap((output) => /^\.\/dist\/(.+)\.js$/.exec(output ?? "")?.[1] ?? []));

const bundle = await rolldown({
  input: Object.fromEntries([...names].map((name) => [name, `src/${name}.ts`])),
  platform: "neutral",
  // Packages, but not that of the compiler's helper for `using`; and generated code.
  external: [/^(?!@oxc-project\/)[@a-z]/, /\/gen\//],
  // The lowest supported Node does not know `using`.
  transform: { target: "es2024" },
  // Code stays as it is written: an unused `decodeURIComponent(path)` is there to throw.
  treeshake: false,
  onLog: (level, log) => {
    if (level === "warn") throw new Error(log.message);
  },
});
await bundle.write({
  dir: "dist",
  entryFileNames: "[name].js",
  chunkFileNames: "chunks/[name]-[hash].js",
  minify: false,
  sourcemap: true,
  // Packages have their sources.
  sourcemapExcludeSources: true,
});
await bundle.close();
