// The first and the last hop of a call, in programs that are not ours: see foreign/go/hops/hops.go.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { buildGo, hasGo } from "./go-program.ts";
import { e2eFolder } from "./paths.ts";
import { Process } from "./process.ts";

const python = process.env["PYTHON_GRPC"] ?? "/usr/bin/python3";
const hasPython = spawnSync(python, ["-c", "import grpc"]).status === 0;

export const peers = [
  { peer: "grpc-go", installed: hasGo, start: (...args: readonly string[]) => new Process(buildGo("hops"), args) },
  {
    peer: "C-core",
    installed: hasPython,
    start: (...args: readonly string[]) => new Process(python, [join(e2eFolder, "foreign/python/hops.py"), ...args]),
  },
];

/** What the last hop prints at the beginning of a call. */
export interface Begun {
  readonly leftMs: number;
  readonly metadata: Readonly<Record<string, string>>;
}
