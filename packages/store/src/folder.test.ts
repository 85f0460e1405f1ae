// The folder of PGlite: its lock, its mark, processes that are killed, and disks that are full.
import { execFileSync, fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { FolderError, openStore } from "./index.ts";
import { lockFolder } from "./location.ts";

const order = { no: "1", id: 1, userId: 7, money: 20.5, time: undefined };

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "grpc-study-store-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe("a folder", { timeout: 120_000 }, () => {
  // The folder of a process that was killed while it took orders.
  let dir: string;
  const accepted: string[] = [];
  let pid: number | undefined;
  let refusal: unknown;
  const inUse = (rest: string) => new FolderError(`the data folder ${dir} is in use by process ${pid}${rest}`);
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "grpc-study-store-"));
    const child = fork(new URL("../test/orders-process.ts", import.meta.url), [dir], { execArgv: ["--conditions=@grpc-study/source"] });
    ({ pid } = child);
    child.on("message", (no: string) => accepted.push(no));
    while (accepted.length <= 50) await once(child, "message");
    refusal = await openStore({ dir }).catch((error: unknown) => error);
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  }, 60_000);
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test("belongs to one process at a time, and to the host in its lock, until the operator deletes the lock", async () => {
    expect(refusal).toEqual(inUse("; --data names another one"));
    const lock = join(dir, "lock");
    writeFileSync(lock, `${pid} 1 nosuch-host`);
    const ofHost = inUse(` of the host nosuch-host; if that process has ended, delete ${lock}`);
    await expect(openStore({ dir })).rejects.toThrow(ofHost);
    rmSync(lock);
    const unlock = lockFolder(dir);
    expect(readFileSync(lock, "utf8")).toMatch(new RegExp(`^${process.pid} \\S+ ${hostname()}$`));
    expect(readdirSync(dir).sort()).toEqual(["lock", "postgres"]);
    unlock();
    expect(readdirSync(dir)).toEqual(["postgres"]);
  });

  test("of a process that was killed has each order that was accepted, and keeps them under another name if it has no mark", async () => {
    const first = await openStore({ dir });
    const { orders } = await first.orders.list({ limit: 100_000 });
    const kept = new Set(orders.map(({ no }) => no));
    expect(accepted.filter((no) => !kept.has(no))).toEqual([]);
    expect(kept.size).toBe(orders.length);
    expect(first.warnings).toEqual([]);
    await first.close();
    const mark = join(dir, "postgres", "complete");
    rmSync(mark);
    const second = await openStore({ dir });
    expect((await second.orders.list({ limit: 1 })).orders).toEqual([]);
    await second.close();
    const aside = readdirSync(dir).find((name) => name.startsWith("postgres.incomplete-")) ?? "";
    expect(second.warnings).toEqual([expect.stringContaining(join(dir, aside))]);
    expect(existsSync(join(dir, aside, "PG_VERSION"))).toBe(true);
    // The operator restores it.
    rmSync(join(dir, "postgres"), { recursive: true });
    renameSync(join(dir, aside), join(dir, "postgres"));
    writeFileSync(mark, "");
    const third = await openStore({ dir });
    onTestFinished(() => third.close());
    expect((await third.orders.list({ limit: 100_000 })).orders).toEqual(orders);
    expect(third.warnings).toEqual([]);
  });

  test.skipIf(process.getuid?.() !== 0 || process.platform !== "linux")(
    "on a full disk refuses orders as `full`, answers reads, keeps each order that was accepted, and goes on once there is room",
    async (context) => {
      const disk = temporaryFolder();
      // Containers may forbid it.
      if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=70m", "tmpfs", disk]).status !== 0) context.skip();
      await using unmount = new AsyncDisposableStack();
      unmount.defer(() => void execFileSync("umount", ["--lazy", disk]));
      const dir = join(disk, "data");
      const store = await openStore({ dir });
      // The first order takes a page of the table and of each index: later ones have room in them.
      const accepted = ["first"];
      await store.orders.place({ ...order, no: "first" });
      const { bavail, bsize } = statfsSync(disk);
      const fill = join(disk, "fill");
      writeFileSync(fill, Buffer.alloc((bavail - 2) * bsize));
      const refused: unknown[] = [];
      for (let id = 1; refused.length < 3; id++) {
        const no = `${id}-${"x".repeat(50)}`;
        await store.orders.place({ ...order, no }).then(
          () => accepted.push(no),
          (error: unknown) => refused.push(error),
        );
      }
      expect(refused).toEqual(Array(3).fill(expect.objectContaining({ name: "StoreError", reason: "full" })));
      expect(accepted.length).toBeGreaterThan(10);
      await store.check();
      rmSync(fill);
      expect(await store.orders.place({ ...order, no: "there is room" })).toBe("placed");
      await store.close();
      const again = await openStore({ dir });
      const { orders } = await again.orders.list({ limit: 100_000 });
      await again.close();
      expect(orders.map(({ no }) => no)).toEqual([...accepted, "there is room"]);
    },
  );

  test("whose path leads through a file is one line", async () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    const dir = join(file, "data");
    await expect(openStore({ dir })).rejects.toThrow(
      new FolderError(`the data folder ${dir} cannot be written: a part of the path is a file; --data names another one`),
    );
  });

  test.skipIf(process.getuid?.() === 0)("that may not be written is one line", async () => {
    const dir = temporaryFolder();
    chmodSync(dir, 0o500);
    await expect(openStore({ dir })).rejects.toThrow(
      `the data folder ${dir} cannot be written: permission denied; --data names another one`,
    );
  });
});

test("PGlite in memory has positions after those of an earlier process, and is unavailable once its thread has ended", async () => {
  const { promise: started, resolve } = Promise.withResolvers<Worker>();
  process.once("worker", resolve);
  const earlier = BigInt(Date.now()) * 1000n;
  const store = await openStore("memory");
  await store.orders.place(order);
  expect((await store.orders.get(order.no))?.position).toBeGreaterThan(earlier);
  await (await started).terminate();
  for (let attempt = 0; attempt < 2; attempt++) await expect(store.check()).rejects.toMatchObject({ reason: "unavailable" });
  await store.close();
});

test("a signal ends the start of PGlite", async () => {
  const reason = new Error("enough");
  await expect(openStore("memory", { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ name: "TimeoutError" });
  await expect(openStore("memory", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
