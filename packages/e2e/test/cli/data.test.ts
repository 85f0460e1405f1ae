// The data of the shop across processes: folders, restarts, workers, and a PostgreSQL server.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { client } from "../harness/client.ts";
import { serverMain } from "../harness/paths.ts";
import { run } from "../harness/process.ts";
import { serve } from "../harness/server.ts";

const runServer = (...args: string[]) => run(process.execPath, [serverMain, ...args]);

/** A folder that ends with its scope: the tests run concurrently. */
async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "grpc-study-data-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

const place = (address: string, no: string, id = 1) =>
  client(["shop", "order", "--id", String(id), "--no", no, "--user-id", "7", "--money", "20.5", "--addr", address]);

const accepted = { status: 0, stdout: 'status:"OK" message:"success"\n', stderr: "" };

test("orders outlive a server that is stopped and one that is killed", { timeout: 120_000 }, async () => {
  await using folder = await temporaryFolder();
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    await using server = await serve("shop", { args: ["--data", folder.path] });
    expect(await place(server.address, signal)).toEqual(accepted);
    expect(await place(server.address, "SIGTERM", 2)).toMatchObject({
      status: 1,
      stderr: 'ALREADY_EXISTS: another order has the order_no "SIGTERM": it differs in order_id\n',
    });
    server.kill(signal);
    await server.exit;
  }
  await using server = await serve("shop", { args: ["--data", folder.path] });
  for (const no of ["SIGTERM", "SIGKILL"]) {
    expect(await place(server.address, no, 2)).toMatchObject({ status: 1, stderr: expect.stringContaining("ALREADY_EXISTS") });
    expect(await place(server.address, no)).toEqual(accepted);
  }
});

test("a folder that cannot be written, or that another server uses, ends the start with one line", { timeout: 60_000 }, async () => {
  await using temporary = await temporaryFolder();
  const folder = temporary.path;
  await writeFile(join(folder, "file"), "");
  const data = join(folder, "file/data");
  expect(await runServer("shop", "--port", "0", "--data", data)).toEqual({
    status: 1,
    stdout: "",
    stderr: `error: the data folder ${data} cannot be written: a part of the path is a file; --data names another one\n`,
  });
  await using server = await serve("shop", { args: ["--data", folder] });
  expect(await runServer("shop", "--port", "0", "--data", folder)).toEqual({
    status: 1,
    stdout: "",
    stderr: `error: the data folder ${folder} is in use by process ${server.pid}; --data names another one\n`,
  });
  expect(await readFile(join(folder, "lock"), "utf8")).toMatch(new RegExp(`^${server.pid}\\b`));
  expect(await runServer("chat", "--port", "65536")).toMatchObject({ status: 1 });
});

test("a migration of a database that is down is one line", async () => {
  expect(await runServer("migrate", "--database", "postgres://a:secret@127.0.0.1:1/shop")).toEqual({
    status: 1,
    stdout: "",
    stderr: "error: the database cannot be reached: connect ECONNREFUSED 127.0.0.1:1\n",
  });
});
