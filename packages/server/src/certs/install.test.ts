import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { install, settle } from "./install.ts";

const files = (content: string) => ({ "ca.key": content, "ca.pem": content, "server.key": content, "server.pem": content });
const never = () => false;

async function contents(dir: string): Promise<string[]> {
  const names = (await readdir(dir)).sort();
  return Promise.all(names.map(async (name) => `${name} ${await readFile(join(dir, name), "utf8")}`));
}

test("only their owner can read the keys and the folder, and no staging folder remains", async () => {
  const dir = join(await temporaryFolder(), "a", "certs");
  expect(await install(dir, files("x"), never)).toBe(true);
  expect(await contents(dir)).toEqual(["ca.key x", "ca.pem x", "server.key x", "server.pem x"]);
  const modes = await Promise.all(["", "ca.key", "ca.pem", "server.key"].map(async (name) => (await stat(join(dir, name))).mode & 0o777));
  expect(modes).toEqual([0o700, 0o600, 0o644, 0o600]);
});

test("existing files are replaced with their modes, and other files are kept", async () => {
  const dir = await temporaryFolder();
  await writeFile(join(dir, "server.key"), "old", { mode: 0o644 });
  await writeFile(join(dir, "notes"), "mine");
  await install(dir, { "server.key": "new" }, never);
  expect(await contents(dir)).toEqual(["notes mine", "server.key new"]);
  expect((await stat(join(dir, "server.key"))).mode & 0o777).toBe(0o600);
});

test("nothing changes if `unless` returns true", async () => {
  const dir = await temporaryFolder();
  await install(dir, files("first"), never);
  expect(await install(dir, files("second"), () => true)).toBe(false);
  expect(await contents(dir)).toEqual(["ca.key first", "ca.pem first", "server.key first", "server.pem first"]);
});

test("concurrent installs leave the files of one of them", async () => {
  const dir = await temporaryFolder();
  await Promise.all(Array.from({ length: 20 }, (_, index) => install(dir, files(`set ${index}`), never)));
  const found = await contents(dir);
  expect(found).toHaveLength(4);
  expect(new Set(found.map((line) => line.replace(/^\S+ /, ""))).size).toBe(1);
});

test.each([
  { what: "the next reader", act: settle },
  { what: "the next writer", act: (dir: string) => install(dir, files("third"), () => true) },
])("what a killed process had begun is finished by $what", async ({ act }) => {
  const dir = await temporaryFolder();
  await install(dir, files("first"), never);
  // A process was killed after it had moved the CA's files.
  await writeFile(join(dir, "ca.key"), "second");
  await writeFile(join(dir, "ca.pem"), "second");
  await mkdir(join(dir, ".new"));
  await writeFile(join(dir, ".new", "server.key"), "second");
  await writeFile(join(dir, ".new", "server.pem"), "second");
  await utimes(join(dir, ".new"), new Date(0), new Date(0));

  await act(dir);
  expect(await contents(dir)).toEqual(["ca.key second", "ca.pem second", "server.key second", "server.pem second"]);
});

test("staging folders of killed processes are removed, and those in use are kept", async () => {
  const dir = await temporaryFolder();
  await mkdir(join(dir, ".staged-old"));
  await writeFile(join(dir, ".staged-old", "server.key"), "x");
  await utimes(join(dir, ".staged-old"), new Date(0), new Date(0));
  await mkdir(join(dir, ".staged-now"));
  await install(dir, { "server.key": "y" }, never);
  expect((await readdir(dir)).sort()).toEqual([".staged-now", "server.key"]);
});

test("a reader waits for a running install", async () => {
  const dir = await temporaryFolder();
  await mkdir(join(dir, ".new"));
  await writeFile(join(dir, ".new", "server.pem"), "x");
  let settled = false;
  const waiting = settle(dir).then(() => {
    settled = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(settled).toBe(false);
  await utimes(join(dir, ".new"), new Date(0), new Date(0));
  await waiting;
});
