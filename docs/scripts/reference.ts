// Generates the package reference from the doc comments of the built declarations: one page for
// each entry point. Both languages get the same text.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Application, LogLevel } from "typedoc";

const docs = fileURLToPath(new URL("../", import.meta.url));

/**
 * The packages. One that exports names of another one again comes after it: the first page describes
 * them, and others refer to it.
 */
const packages = ["http2", "codec", "rpc", "auth", "gateway"];

/** Entry points that only the packages of this repository use. */
const internal: ReadonlySet<string> = new Set(["gateway/program", "rpc/checker", "rpc/checks", "rpc/linked-set", "rpc/timeout"]);

const folder = join(docs, "reference/api");

interface EntryPoint {
  /** The import path without the scope: `rpc/health`. */
  readonly name: string;
  readonly declarations: string;
}

async function entryPointsOf(name: string): Promise<EntryPoint[]> {
  const folder = join(docs, "../packages", name);
  const { exports } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    exports: Record<string, string | { readonly types?: string }>;
  };
  return Object.entries(exports).flatMap(([path, target]) => {
    if (typeof target === "string" || target.types === undefined) return [];
    if (internal.has(`${name}/${path.slice(2)}`)) return [];
    return [{ name: join(name, path).replaceAll("\\", "/"), declarations: join(folder, target.types) }];
  });
}

export async function generateReference(): Promise<void> {
  const entryPoints = (await Promise.all(packages.map(entryPointsOf))).flat();
  const app = await Application.bootstrapWithPlugins({
    entryPoints: entryPoints.map(({ declarations }) => declarations),
    tsconfig: join(docs, "tsconfig.reference.json"),
    plugin: ["typedoc-plugin-markdown"],
    skipErrorChecking: true,
    excludeExternals: true,
    excludePrivate: true,
    readme: "none",
    disableSources: true,
    logLevel: LogLevel.Warn,
    validation: false,
    // Options of typedoc-plugin-markdown.
    ...({
      outputs: [{ name: "markdown", path: folder }],
      outputFileStrategy: "modules",
      entryFileName: "index",
      hidePageHeader: true,
      hideBreadcrumbs: true,
      useCodeBlocks: true,
      sanitizeComments: true,
      expandParameters: true,
      parametersFormat: "table",
      interfacePropertiesFormat: "table",
      typeDeclarationFormat: "table",
      enumMembersFormat: "table",
      classPropertiesFormat: "table",
      groupOrder: ["Functions", "Interfaces", "Type Aliases", "Classes", "Variables"],
    } as object),
  });
  const project = await app.convert();
  if (project === undefined) throw new Error("typedoc cannot read the packages");
  for (const module of project.children ?? []) {
    const entryPoint = entryPoints.find(({ declarations }) => pathOf(declarations) === module.name);
    if (entryPoint === undefined) throw new Error(`typedoc reports an unknown entry point: ${module.name}`);
    module.name = entryPoint.name;
  }
  await rm(folder, { recursive: true, force: true });
  await app.generateOutputs(project);
  await rm(join(folder, "index.md"));
  const pages = new Map<string, readonly string[]>();
  for (const { name } of entryPoints) pages.set(`${name}.md`, headingsOf(await readFile(join(folder, `${name}.md`), "utf8")));
  for (const file of pages.keys()) await finish(file, pages);
}

/** The anchors of the headings of a page, without the numbers of duplicates. */
function headingsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading.toLowerCase().replaceAll(/\W/g, ""));
}

/**
 * Gives a page its title, and writes a copy for the Chinese half of the site that says why the page
 * is in English.
 *
 * @param pages the headings of all pages.
 */
async function finish(file: string, pages: ReadonlyMap<string, readonly string[]>): Promise<void> {
  const text = await readFile(join(folder, file), "utf8");
  const body = text
    .replace(/^# .*\n/, "")
    // VitePress replaces the underscores of an anchor with dashes.
    .replaceAll(/\]\([^)\s]*#[^)]*\)/g, (link) => link.replaceAll("_", "-"))
    // The plugin numbers more duplicates than VitePress, which counts headings only.
    .replaceAll(/\]\(([\w./-]*)#([a-z]+)-1\)/g, (link, to: string, name: string) => {
      const headings = pages.get(to === "" ? file : join(dirname(file), to).replaceAll("\\", "/")) ?? [];
      return headings.filter((one) => one === name).length > 1 ? link : `](${to}#${name})`;
    });
  const title = `# @grpc-study/${file.slice(0, -".md".length)}\n`;
  const chinese = join(docs, "zh/reference/api", file);
  await mkdir(dirname(chinese), { recursive: true });
  await writeFile(join(folder, file), `${title}${body}`);
  await writeFile(chinese, `---\nsearch: false\n---\n\n${title}\n::: info 说明\n本页由源代码里的文档注释生成，只有英文。\n:::\n${body}`);
}

/** The module name that typedoc derives from a file. */
const pathOf = (declarations: string) =>
  relative(join(docs, "../packages"), declarations)
    .replaceAll("\\", "/")
    .replace(/(\/index)?\.d\.ts$/, "");
