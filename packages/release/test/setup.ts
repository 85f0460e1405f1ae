// Packs once, and installs into two projects: `small` has rpc with the lowest protobuf-es of its
// range, and `full` has the gateway with the highest.
import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { install, project, run } from "../src/install.ts";
import { pack, type Tarball } from "../src/pack.ts";
import { published } from "../src/packages.ts";
import { type Installed, installed } from "../src/size.ts";
import { runtimes } from "./runtimes.ts";

declare module "vitest" {
  interface ProvidedContext {
    tarballs: readonly Tarball[];
    small: string;
    full: string;
    /** The installed trees before the tests install anything else. */
    trees: Readonly<Record<"rpc" | "gateway", Installed>>;
    /** The paths of the runtimes, by name. */
    runtimes: Readonly<Record<string, string>>;
  }
}

const consumer = fileURLToPath(new URL("../consumer", import.meta.url));
/** The packages that neither the gateway nor rpc needs. They do not count as part of its tree. */
const additions = ["@grpc-study/auth", "@grpc-study/console", "@grpc-study/nestjs", "@grpc-study/otel"];

/** Its peers are an application framework, so it has projects of its own: nestjs.test.ts. */
const nestjs = "@grpc-study/nestjs";

const bin = fileURLToPath(new URL("../node_modules/.bin", import.meta.url));

export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const [small, full, tarballFolder] = await Promise.all([project(), project(), project()]);
  const remove = async () => {
    for (const folder of [small, full, tarballFolder]) await rm(folder, { recursive: true, force: true });
  };
  try {
    const tarballs = await pack(tarballFolder);
    const files = tarballs.filter(({ name }) => ["@grpc-study/rpc", "@grpc-study/codec", "@grpc-study/http2"].includes(name));
    const peers = await peersOf("@grpc-study/rpc");
    const [programs] = await Promise.all([
      runtimes(),
      install(small, [...files.map(({ file }) => file), `@bufbuild/protobuf@${lowest(peers["@bufbuild/protobuf"])}`]),
      install(full, [
        ...tarballs.filter(({ name }) => ![...additions, nestjs].includes(name)).map(({ file }) => file),
        "@bufbuild/protobuf@2",
      ]),
    ]);
    const trees = { rpc: installed(small), gateway: installed(full) };
    await install(
      full,
      tarballs.filter(({ name }) => additions.includes(name)).map(({ file }) => file),
    );
    // Needed by the compilers, and by the entry points for grpc-js and Fastify.
    await install(full, ["@types/node@24", "@types/ws@8", "@grpc/grpc-js@1", "fastify@5", "@fastify/websocket@11"]);
    await Promise.all([cp(consumer, full, { recursive: true }), cp(join(consumer, "greeter.ts"), join(small, "greeter.ts"))]);
    // As documented. buf and its plugin come from the workspace; the .proto files come from the
    // tarballs.
    await run(join(bin, "buf"), ["generate"], full, { PATH: `${bin}:${process.env.PATH}` });
    await mkdir(join(small, "gen"));
    await cp(join(full, "gen/greeter"), join(small, "gen/greeter"), { recursive: true });
    provide("tarballs", tarballs);
    provide("small", small);
    provide("full", full);
    provide("trees", trees);
    provide("runtimes", programs);
  } catch (error) {
    await remove();
    throw error;
  }
  return remove;
}

async function peersOf(name: string): Promise<Record<string, string>> {
  const folder = published.find((one) => one.name === name)?.folder ?? name;
  return JSON.parse(await readFile(join(folder, "package.json"), "utf8")).peerDependencies;
}

/** The lowest version of a range such as `^2.17.0`. */
function lowest(range = ""): string {
  if (!/^\^\d+\.\d+\.\d+$/.test(range)) throw new Error(`${range} is not a range such as ^1.2.3`);
  return range.slice(1);
}
