// The group `sizes`: the sizes of the published packages, as tarballs and installed.
import { rm } from "node:fs/promises";
import { budget, install, installed, pack, project } from "@grpc-study/release";
import type { Measure } from "../measure/measure.ts";
import type { Group, Outcome, Run } from "./group.ts";

export const sizes: Group = {
  name: "sizes",
  about:
    "Size of each tarball, and size and number of packages in `node_modules` after npm has installed the dependencies of a service and its client, or the gateway. Sizes are in kilobytes. `budget` is the maximum.",
  run,
};

/** The dependencies of a service and its client. */
const peers = {
  "grpc-js": ["@grpc/grpc-js", "@grpc/proto-loader"],
  "nice-grpc": ["nice-grpc", "@bufbuild/protobuf"],
  "connect-node": ["@connectrpc/connect", "@connectrpc/connect-node", "@bufbuild/protobuf"],
} as const;

const kilobytes = (bytes: number) => Math.round(bytes / 1000);

async function run({ progress }: Run): Promise<Outcome> {
  const folder = await project();
  try {
    progress("packing");
    const tarballs = await pack(folder);
    const measures: Measure[] = tarballs.map(({ name, bytes }) => ({
      name: `tarball of ${name.slice("@grpc-study/".length)}`,
      unit: "KB",
      better: "less",
      samples: { rpc: [kilobytes(bytes)], budget: [kilobytes(budget.tarballs[name] ?? 0)] },
    }));
    const files = (...names: string[]) =>
      tarballs.filter(({ name }) => names.some((one) => name.endsWith(`/${one}`))).map(({ file }) => file);
    const services = { rpc: [...files("rpc", "codec", "http2"), "@bufbuild/protobuf"], ...peers };
    const trees: Record<string, { bytes: number; packages: number }> = {};
    for (const [name, specifiers] of Object.entries(services)) {
      progress(`installing ${name}`);
      trees[name] = await treeOf(specifiers);
    }

    measures.push(...measuresOf("service and client", { ...trees, budget: budget.trees.rpc }));
    progress("installing the gateway");
    const gateway = await treeOf([...tarballs.map(({ file }) => file), "@bufbuild/protobuf"]);
    measures.push(...measuresOf("gateway", { rpc: gateway, budget: budget.trees.gateway }));
    return {
      measures,
      notes: ["Sizes do not vary, so there is one round. The tests of `packages/release` fail if a budget is exceeded."],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function treeOf(specifiers: readonly string[]): Promise<{ bytes: number; packages: number }> {
  const folder = await project();
  try {
    await install(folder, specifiers);
    const { bytes, packages } = installed(folder);
    return { bytes, packages: packages.length };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function measuresOf(what: string, trees: Readonly<Record<string, { readonly bytes: number; readonly packages: number }>>): Measure[] {
  const samples = (value: (tree: { readonly bytes: number; readonly packages: number }) => number) =>
    Object.fromEntries(Object.entries(trees).map(([name, tree]) => [name, [value(tree)]]));
  return [
    { name: `installed tree, ${what}`, unit: "KB", better: "less", samples: samples(({ bytes }) => kilobytes(bytes)) },
    { name: `packages in it, ${what}`, unit: "packages", better: "less", samples: samples(({ packages }) => packages) },
  ];
}
