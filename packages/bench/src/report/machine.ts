// Describes the machine and the versions of a measurement.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import { canPin } from "../process/pin.ts";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** Memory in GiB. */
  readonly memory: number;
  readonly system: string;
  readonly pinned: boolean;
  readonly versions: Readonly<Record<string, string>>;
}

const packages = [
  "@bufbuild/protobuf",
  "@connectrpc/connect-node",
  "@grpc/grpc-js",
  "@grpc/proto-loader",
  "fastify",
  "nice-grpc",
  "protobufjs",
  "ts-proto",
];

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memory: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    pinned: canPin,
    versions: { node: process.versions.node, ...Object.fromEntries(packages.map((name) => [name, versionOf(name)])) },
  };
}

/** Most packages do not export their package.json, so it is read from the file system. */
function versionOf(name: string): string {
  for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(`${folder}/${name}/package.json`, "utf8"));
      return typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "unknown";
    } catch {
      // Continues in the parent folder.
    }
  }
  return "unknown";
}
