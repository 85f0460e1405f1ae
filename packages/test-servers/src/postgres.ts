import { execFile, execFileSync } from "node:child_process";
import { existsSync, globSync, statSync } from "node:fs";
import { chown, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { freePort } from "./free-port.ts";
import { startServer, type TestServer } from "./test-server.ts";

const run = promisify(execFile);

export interface TestDatabase {
  readonly url: string;
  /** Runs a query as an operator does with psql. */
  query(text: string): Promise<Record<string, unknown>[]>;
}

export interface PostgresServer extends TestServer, TestDatabase {
  /** Creates an empty database in the server. */
  createDatabase(): Promise<TestDatabase>;
}

export interface PostgresOptions {
  /** Files for the folder of the data, such as `pg_hba.conf`, the certificate of the server, and its key. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Says what to install if the machine has no PostgreSQL server. */
export function postgresMissing(): string | undefined {
  if (findFolder() === undefined) return "needs the postgres server (Debian: apt install postgresql)";
  if (isRoot() && otherUser() === undefined) return "needs a user postgres or nobody, as PostgreSQL refuses to run as root";
  // initdb writes to it as the other user.
  if (!statSync("/dev/null").isCharacterDevice()) return "needs /dev/null to be a device";
  return undefined;
}

/**
 * Starts PostgreSQL with an empty database in a new temporary folder, and with the superuser
 * `postgres` without a password. Its crash is the immediate shutdown, after which the next start
 * recovers from the log.
 *
 * @param settings The server's parameters, for example `{ max_connections: "20" }`.
 */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
  { files = {} }: PostgresOptions = {},
): Promise<PostgresServer> {
  const folder = findFolder();
  const missing = postgresMissing();
  if (folder === undefined || missing !== undefined) throw new Error(missing);
  const user = isRoot() ? otherUser() : undefined;
  const data = await mkdtemp(join(tmpdir(), "postgres-"));
  const deleteData = () => rm(data, { recursive: true, force: true });
  try {
    // Copies the owner and the permissions as well.
    await run("cp", ["-Rp", `${await newCluster(folder, user)}/.`, data]);
    for (const [name, text] of Object.entries(files)) {
      const file = join(data, name);
      await writeFile(file, text, { mode: 0o600 });
      if (user !== undefined) await chown(file, user.uid, user.gid);
    }
  } catch (error) {
    await deleteData();
    throw error;
  }
  const port = await freePort();
  // A crash of the process loses nothing without fsync; only a crash of the machine does.
  const parameters = { fsync: "off", listen_addresses: "127.0.0.1", unix_socket_directories: "", ...settings };
  const databaseOf = (name: string): TestDatabase => {
    const url = `postgres://postgres@127.0.0.1:${port}/${name}`;
    return { url, query: (text) => query(url, text) };
  };
  const { url, query: queryDefault } = databaseOf("postgres");
  const server = await startServer({
    url,
    port,
    command: join(folder, "postgres"),
    args: ["-D", data, "-p", `${port}`, ...Object.entries(parameters).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    options: { cwd: data, ...user },
    signals: { stop: "SIGINT", crash: "SIGQUIT" },
    ready: () => isReady(url),
    deleteData,
  });
  let databases = 0;
  // Not a copy: `pid` is a getter.
  return Object.assign(server, {
    query: queryDefault,
    async createDatabase() {
      const name = `database_${++databases}`;
      await queryDefault(`create database ${name}`);
      return databaseOf(name);
    },
  });
}

/**
 * Returns the folder of a new cluster, which servers start from a copy of. `initdb` takes more CPU time
 * than most tests, so it runs once on each machine.
 */
async function newCluster(folder: string, user: { readonly uid: number; readonly gid: number } | undefined): Promise<string> {
  const { stdout } = await run(join(folder, "postgres"), ["--version"]);
  const cache = fileURLToPath(new URL("../node_modules/.cache", import.meta.url));
  const cluster = join(cache, `${stdout.trim().replaceAll(/[^\w.]+/g, "-")}-${user?.uid ?? process.getuid?.()}`);
  if (existsSync(cluster)) return cluster;
  await mkdir(cache, { recursive: true });
  const made = await mkdtemp(join(tmpdir(), "postgres-"));
  const copy = await mkdtemp(join(cache, "new-"));
  try {
    if (user !== undefined) await chown(made, user.uid, user.gid);
    const initdb = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--wal-segsize=1"];
    await run(join(folder, "initdb"), [...initdb, "-D", made], { cwd: made, ...user });
    await run("cp", ["-Rp", `${made}/.`, copy]);
    // Another process may have been faster.
    await rename(copy, cluster).catch((error: unknown) => {
      if (!existsSync(cluster)) throw error;
    });
    return cluster;
  } finally {
    for (const rest of [made, copy]) await rm(rest, { recursive: true, force: true });
  }
}

/** Whether a server that starts accepts clients. */
async function isReady(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  try {
    await client.connect();
    return true;
  } catch (error) {
    // A server that rejects the user has started.
    return error instanceof pg.DatabaseError && error.code !== "57P03";
  } finally {
    await client.end().catch(() => {});
  }
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** The folder with the programs of the newest version of PostgreSQL. */
function findFolder(): string | undefined {
  const debian = globSync("/usr/lib/postgresql/*/bin").sort((one, other) => version(other) - version(one));
  const folders = [...debian, ...(process.env["PATH"] ?? "").split(delimiter)];
  return folders.find((folder) => existsSync(join(folder, "postgres")) && existsSync(join(folder, "initdb")));
}

const version = (folder: string) => Number(folder.split("/").at(-2));

const isRoot = () => process.getuid?.() === 0;

function otherUser(): { uid: number; gid: number } | undefined {
  for (const name of ["postgres", "nobody"]) {
    try {
      const id = (flag: string) => Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
      return { uid: id("-u"), gid: id("-g") };
    } catch {
      // The system does not have this user.
    }
  }
  return undefined;
}
