// `npx -y pnpm@12 --filter @grpc-study/server start` as the first command in a fresh clone.
import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";

const packages = new URL("../../../", import.meta.url);

interface Manifest {
  readonly bin?: object;
  readonly scripts?: { readonly start?: string };
}

async function manifestOf(name: string): Promise<Manifest> {
  return JSON.parse(await readFile(new URL(`${name}/package.json`, packages), "utf8"));
}

const names = await readdir(packages);
const manifests = await Promise.all(names.map(async (name) => ({ ...(await manifestOf(name)), name })));
const commands = manifests.filter(({ bin }) => bin !== undefined);

test("client, gateway and server have commands", () => {
  expect(commands.map(({ name }) => name)).toEqual(expect.arrayContaining(["client", "gateway", "server"]));
});

test.each(commands)(
  "the start script of $name runs scripts/main.js, which builds missing packages and checks Node",
  ({ name, scripts }) => {
    expect(scripts?.start).toMatch(new RegExp(`^node (--\\S+ )*\\.\\./\\.\\./scripts/main\\.js run ${name}$`));
  },
);
