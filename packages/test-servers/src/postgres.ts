import { execFile, execFileSync } from "node:child_process";
import { existsSync, globSync, statSync } from "node:fs";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { freePort } from "./free-port.ts";
import { startServer, type TestServer } from "./test-server.ts";

const run = promisify(execFile);

export interface PostgresServer extends TestServer {
  /** Runs a query as an operator does with psql. */
  query(text: string): Promise<Record<string, unknown>[]>;
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
export async function startPostgres(settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
  const folder = findFolder();
  const missing = postgresMissing();
  if (folder === undefined || missing !== undefined) throw new Error(missing);
  const user = isRoot() ? otherUser() : undefined;
  const data = await mkdtemp(join(tmpdir(), "postgres-"));
  const options = { cwd: data, ...user };
  if (user !== undefined) await chown(data, user.uid, user.gid);
  const deleteData = () => rm(data, { recursive: true, force: true });
  try {
    const initdb = ["-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"];
    await run(join(folder, "initdb"), initdb, options);
  } catch (error) {
    await deleteData();
    throw error;
  }
  const port = await freePort();
  // A crash of the process loses nothing without fsync; only a crash of the machine does.
  const parameters = { fsync: "off", listen_addresses: "127.0.0.1", unix_socket_directories: "", ...settings };
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const server = await startServer({
    url,
    port,
    command: join(folder, "postgres"),
    args: ["-D", data, "-p", `${port}`, ...Object.entries(parameters).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    options,
    signals: { stop: "SIGINT", crash: "SIGQUIT" },
    ready: () =>
      run(join(folder, "pg_isready"), ["-q", "-d", url], { cwd: "/" }).then(
        () => true,
        () => false,
      ),
    deleteData,
  });
  // Not a copy: `pid` is a getter.
  return Object.assign(server, { query: (text: string) => query(url, text) });
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
