// Fails if there is an import cycle. Type imports count as well, because a reader follows them,
// too.
//
//   node scripts/circles.ts
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Classes of state, such as an HTTP/2 connection and its streams, on which all parts of the engine
 * work. Their methods call functions that import the type of the state. Such an import does not
 * count as a cycle.
 */
const states: ReadonlySet<string> = new Set(["connection.ts", "stream.ts"].map((file) => join(root, "packages/http2/src", file)));

/** The relative imports of each file. */
const imports = new Map<string, readonly string[]>();

for (const name of readdirSync(join(root, "packages"))) {
  for (const folder of ["src", "test", "scripts"]) addFolder(join(root, "packages", name, folder));
}
addFolder(join(root, "examples"));
addFolder(join(root, "scripts"));

function addFolder(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !["gen", "node_modules"].includes(entry.name)) addFolder(path);
    else if (/(?<!\.d)\.ts$/.test(entry.name)) imports.set(path, importsOf(path));
  }
}

/** Biome formats an import on one line, or ends it with the line `} from "…"`. */
function importsOf(file: string): string[] {
  const targets = readFileSync(file, "utf8").matchAll(/^(import type|import|export|\}).*?\bfrom "(\.[^"]+)";$|^import "(\.[^"]+)";$/gm);
  return [...targets].flatMap(([, kind, from, alone]) => {
    const target = resolve(dirname(file), from ?? alone ?? "");
    return kind === "import type" && states.has(target) ? [] : target;
  });
}

/** Returns the strongly connected components of more than one file, by Tarjan's algorithm. */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const circles: string[][] = [];
  const order = new Map<string, number>();
  const open: string[] = [];
  const visit = (file: string): number => {
    const number = order.size;
    order.set(file, number);
    open.push(file);
    let lowest = number;
    for (const target of graph.get(file) ?? []) {
      if (!order.has(target)) lowest = Math.min(lowest, visit(target));
      else if (open.includes(target)) lowest = Math.min(lowest, order.get(target) ?? lowest);
    }
    if (lowest === number) {
      const circle = open.splice(open.indexOf(file));
      if (circle.length > 1) circles.push(circle);
    }
    return lowest;
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return circles;
}

const circles = circlesOf(imports);
for (const circle of circles) {
  console.error("These files import each other in a circle:");
  for (const file of circle.toSorted()) {
    const targets = (imports.get(file) ?? []).filter((target) => circle.includes(target));
    console.error(`  ${relative(root, file)} imports ${targets.map((target) => relative(dirname(file), target)).join(", ")}`);
  }
}
if (circles.length > 0) process.exitCode = 1;
