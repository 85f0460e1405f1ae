// Tables in the browser's IndexedDB. Without it, they last as long as the page.
import { signal } from "@preact/signals";
import { type IDBPDatabase, openDB } from "idb";
import { ownKey } from "./local.ts";

const tableNames = ["calls", "answers", "saved", "environments"] as const;

export type TableName = (typeof tableNames)[number];

/** Rows by keys. What it returns may be of another version of the page, or made by others: check it. */
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
      blocking: (_current, _blocked, event) => {
        (event.target as IDBDatabase).close();
        opened = undefined;
      },
      terminated: () => {
        opened = undefined;
      },
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

/** A table. Rows that the browser does not store, since it may have no room, last as long as the page. */
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
      inMemory();
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
        async (db) => {
          if (rows.size === 0) return db.getAll(table);
          const [keys, stored] = await Promise.all([db.getAllKeys(table), db.getAll(table)]);
          return sorted(new Map<string, unknown>([...keys.map((key, index): [string, unknown] => [String(key), stored[index]]), ...rows]));
        },
        () => sorted(rows),
      ),
    get: (key) =>
      read<unknown>(
        (db) => (rows.has(key) ? Promise.resolve(rows.get(key)) : db.get(table, key)),
        () => rows.get(key),
      ),
    put: (key, row) =>
      write(
        async (db) => {
          await db.put(table, row, key);
          rows.delete(key);
        },
        () => void rows.set(key, row),
      ),
    delete: (key) =>
      write(
        (db) => {
          rows.delete(key);
          return db.delete(table, key);
        },
        () => void rows.delete(key),
      ),
    clear: () =>
      write(
        (db) => {
          rows.clear();
          return db.clear(table);
        },
        () => rows.clear(),
      ),
  };
}

function sorted(rows: ReadonlyMap<string, unknown>): readonly unknown[] {
  return [...rows].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row);
}

/** A new key. Keys of one page grow with time. */
export function newKey(): string {
  return `${Date.now().toString(36).padStart(9, "0")}-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
}
