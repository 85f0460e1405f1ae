// A real PostgreSQL server for tests, from Debian's package `postgresql`. PostgreSQL refuses to run
// as root, so root starts it as the user `postgres` or `nobody`.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";

const installed = "/usr/lib/postgresql";

/** The folder of the programs of the newest version, or `undefined` if there is none. */
export const postgresPrograms: string | undefined = (existsSync(installed) ? readdirSync(installed) : [])
  .sort((a, b) => Number(b) - Number(a))
  .map((version) => join(installed, version, "bin"))
  .find((folder) => existsSync(join(folder, "postgres")));

/** Why tests with a real server are skipped, for their names; "" if they run. */
export const postgresMissing = missing();

function missing(): string {
  if (postgresPrograms === undefined) return ` (skipped: ${installed}/*/bin/postgres does not exist)`;
  // initdb writes to it, as another user than root.
  return statSync("/dev/null").isCharacterDevice() ? "" : " (skipped: /dev/null is no device)";
}

export interface PostgresServer extends AsyncDisposable {
  /** The URL of a database, which stays the same after a restart. */
  readonly url: string;
  /** The process of the server, for signals such as SIGSTOP. */
  readonly pid: number;
  /** Starts the server again after `stop`. */
  start(): Promise<void>;
  /** SIGQUIT aborts as after a crash, SIGINT ends transactions first. */
  stop(signal?: "SIGQUIT" | "SIGINT"): Promise<void>;
  /** Runs a query as an operator does with psql. */
  query(text: string): Promise<Record<string, unknown>[]>;
}

/** Starts a server with an empty database on a free port of loopback. `settings` are those of `postgresql.conf`. */
export async function startPostgres(settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
  if (postgresPrograms === undefined) throw new Error(`${installed}/*/bin/postgres does not exist`);
  const folder = mkdtempSync(join(tmpdir(), "grpc-study-postgres-"));
  const data = join(folder, "data");
  const user = userIds();
  if (user.uid !== undefined && user.gid !== undefined) chownSync(folder, user.uid, user.gid);
  chmodSync(folder, 0o700);
  const as = { cwd: folder, ...user };
  execFileSync(join(postgresPrograms, "initdb"), ["-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C", "-N"], {
    ...as,
    stdio: "pipe",
  });
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const options = { listen_addresses: "127.0.0.1", unix_socket_directories: folder, fsync: "off", ...settings };
  let child: ChildProcess | undefined;

  const query = async (text: string) => {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => {});
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  };

  const start = async () => {
    const args = Object.entries(options).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    child = spawn(join(postgresPrograms ?? "", "postgres"), ["-D", data, "-p", String(port), ...args], { ...as, stdio: "ignore" });
    for (let attempt = 0; ; attempt++) {
      try {
        await query("select 1");
        return;
      } catch (error) {
        if (attempt > 300 || child.exitCode !== null) throw new Error("PostgreSQL did not start", { cause: error });
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  };

  const stop = async (signal: NodeJS.Signals = "SIGINT") => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  };

  await start();
  return {
    url,
    get pid() {
      return child?.pid ?? 0;
    },
    start,
    stop,
    query,
    async [Symbol.asyncDispose]() {
      child?.kill("SIGCONT");
      await stop("SIGQUIT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function userIds(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  for (const name of ["postgres", "nobody"]) {
    try {
      const id = (flag: string) => Number(execFileSync("id", [flag, name], { stdio: ["ignore", "pipe", "ignore"] }));
      return { uid: id("-u"), gid: id("-g") };
    } catch {}
  }
  throw new Error("PostgreSQL does not run as root, and there is no user postgres or nobody");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
