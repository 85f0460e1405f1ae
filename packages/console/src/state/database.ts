// Tables in the browser's IndexedDB. Without it, they last as long as the page.
import { signal } from "@preact/signals";
import { type IDBPDatabase, openDB } from "idb";
import { ownKey } from "./local.ts";

const tableNames = ["calls", "answers", "saved", "environments"] as const;

export type TableName = (typeof tableNames)[number];

/** Rows by keys. What it returns may be of another version of the page, or of anybody: check it. */
export interface Table {
  /** All rows in the order of their keys. */
  all(): Promise<readonly unknown[]>;
  get(key: string): Promise<unknown>;
  put(key: string, row: unknown): Promise<void>;
  delete(key: string): Promise<void>;
  clear(): Promise<void>;
}

/** Whether the browser stores nothing. */
export const isMemoryOnly = signal(false);

let opened: Promise<IDBPDatabase | undefined> | undefined;

function database(): Promise<IDBPDatabase | undefined> {
  opened ??= open();
  return opened;
}

async function open(): Promise<IDBPDatabase | undefined> {
  try {
    const db = await openDB(ownKey("data"), 1, {
      upgrade: (created) => {
        for (const table of tableNames) created.createObjectStore(table);
      },
      blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
    });
    if (tableNames.every((table) => db.objectStoreNames.contains(table))) return db;
    db.close();
  } catch {
    // Disabled, or made by a later version of the page.
  }
  isMemoryOnly.value = true;
  return undefined;
}

let channel: BroadcastChannel | undefined;

/** Tells the other tabs which table has changed. */
function tabs(): BroadcastChannel {
  channel ??= new BroadcastChannel(ownKey("data"));
  return channel;
}

/** Calls back when another tab has changed a table. */
export function onChangeElsewhere(table: TableName, listener: () => void): void {
  tabs().addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    if (data === table) listener();
  });
}

/** A table. A failed write leaves the data of the page as it is: the browser may have no room. */
export function table(table: TableName): Table {
  const rows = new Map<string, unknown>();
  const write = async (inDatabase: (db: IDBPDatabase) => Promise<unknown>, inMemory: () => void) => {
    const db = await database();
    if (db === undefined) return inMemory();
    try {
      await inDatabase(db);
      tabs().postMessage(table);
    } catch {
      isMemoryOnly.value = true;
    }
  };
  const read = async <T>(inDatabase: (db: IDBPDatabase) => Promise<T>, inMemory: () => T): Promise<T> => {
    const db = await database();
    if (db === undefined) return inMemory();
    try {
      return await inDatabase(db);
    } catch {
      isMemoryOnly.value = true;
      return inMemory();
    }
  };
  return {
    all: () =>
      read<readonly unknown[]>(
        (db) => db.getAll(table),
        () => [...rows].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row),
      ),
    get: (key) =>
      read<unknown>(
        (db) => db.get(table, key),
        () => rows.get(key),
      ),
    put: (key, row) =>
      write(
        (db) => db.put(table, row, key),
        () => void rows.set(key, row),
      ),
    delete: (key) =>
      write(
        (db) => db.delete(table, key),
        () => void rows.delete(key),
      ),
    clear: () =>
      write(
        (db) => db.clear(table),
        () => rows.clear(),
      ),
  };
}

/** A new key. Keys of one page grow with time. */
export function newKey(): string {
  return `${Date.now().toString(36).padStart(9, "0")}-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
}
