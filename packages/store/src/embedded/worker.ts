// The worker thread that runs PGlite, which is a single session of PostgreSQL. An error of PGlite
// itself, not of a query, ends the thread; the engine then starts another one, and PostgreSQL
// recovers from its log.
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import type { Request, Response } from "./messages.ts";
import { initDbStartParams, startParams } from "./parameters.ts";
import { isComplete, markComplete, setAside } from "./unfinished.ts";

const { folder } = workerData as { readonly folder: string | undefined };
const reply = (response: Response) => parentPort?.postMessage(response);

/** A simple query of the protocol: its type, its length, and text that ends with 0. */
function simpleQuery(text: string): Uint8Array {
  const body = Buffer.from(`${text}\0`);
  const head = Buffer.from([0x51, 0, 0, 0, 0]);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** The new database that the build writes, from `src` and from `dist`. Without it, PGlite runs initdb. */
function readSnapshot(): Blob | undefined {
  try {
    return new Blob([readFileSync(new URL("../../dist/embedded/snapshot.tar.gz", import.meta.url))], { type: "application/x-gzip" });
  } catch {
    return undefined;
  }
}

let db: PGlite;
try {
  const isNew = folder === undefined || !isComplete(folder);
  const aside = folder !== undefined && isNew ? setAside(folder) : undefined;
  if (aside !== undefined) {
    reply({ warning: `the database in ${folder} was not complete: it is now in ${aside}, and a new one replaces it` });
  }
  const snapshot = isNew ? readSnapshot() : undefined;
  db = await PGlite.create({
    startParams: [...startParams],
    initDbStartParams: [...initDbStartParams],
    ...(folder !== undefined && { dataDir: folder }),
    ...(snapshot && { loadDataDir: snapshot }),
  });
  if (folder !== undefined && isNew) markComplete(folder);
  if (isNew) reply("new");
  reply("ready");
} catch (error) {
  reply({ problem: error instanceof Error ? error.message : String(error) });
  process.exit();
}

let current = 0;
let last: Promise<void> = Promise.resolve();

async function handle(request: Request): Promise<void> {
  if (request === "close") {
    await db.close();
    reply("closed");
    process.exit();
  }
  const { connection, bytes } = request;
  if (connection !== current) {
    // The previous connection may have left a transaction and settings behind.
    await db.execProtocolRaw(simpleQuery("rollback"));
    await db.execProtocolRaw(simpleQuery("discard all"));
    current = connection;
  }
  reply({ connection, bytes: await db.execProtocolRaw(bytes) });
}

parentPort?.on("message", (request: Request) => {
  last = last.then(() => handle(request));
});
