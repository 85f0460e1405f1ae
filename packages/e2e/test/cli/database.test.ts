// The shop on a PostgreSQL server as operators run one: with a password and TLS, with NATS for the
// wake-ups of its processes, and with psql beside it.
import { execFile } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { promisify } from "node:util";
import { OrderHistory, OrderService, ProdService } from "@grpc-study/proto/shop";
import { createClient } from "@grpc-study/rpc";
import { natsMissing, type PostgresServer, postgresMissing, startNats, startPostgres } from "@grpc-study/test-servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serverMain } from "../harness/paths.ts";
import { run } from "../harness/process.ts";
import { type ServerProcess, serve } from "../harness/server.ts";
import { Authority, Folder } from "../security/certificates.ts";

const missing = postgresMissing() ?? natsMissing();
const psql = [...globSync("/usr/lib/postgresql/*/bin/psql"), "/usr/bin/psql"].find(existsSync) ?? "psql";
const secret = "a:b@c/d %?";

describe.skipIf(missing !== undefined)(`the shop on a server${missing ? `: ${missing}` : ""}`, { concurrent: false }, () => {
  const started = new AsyncDisposableStack();
  let database: PostgresServer;
  let folder: Folder;
  let url: (parts?: { password?: string; ca?: string; host?: string }) => string;
  let shops: ServerProcess[];

  beforeAll(async () => {
    folder = started.use(await Folder.make());
    const authority = new Authority();
    const { cert, key } = authority.issue({ sans: ["localhost"] });
    await folder.write("ca.pem", authority.cert);
    await folder.write("other.pem", new Authority().cert);
    const files = {
      "server.crt": cert,
      "server.key": key,
      "pg_hba.conf": "host all postgres 127.0.0.1/32 trust\nhostssl shop shop 127.0.0.1/32 scram-sha-256\n",
    };
    database = started.use(await startPostgres({ ssl: "on" }, { files }));
    await database.query(`create role shop login password '${secret}'`);
    await database.query("create database shop owner shop");
    const { port } = new URL(database.url);
    url = ({ password = secret, ca = "ca.pem", host = "localhost" } = {}) =>
      `postgres://shop:${encodeURIComponent(password)}@${host}:${port}/shop?sslmode=verify-full&sslrootcert=${folder.file(ca)}`;
    const nats = started.use(await startNats());
    const shell = `DATABASE_URL='${url()}' NATS_URL='${nats.url}' exec "$@"`;
    shops = await Promise.all([1, 2].map(() => serve("shop", { args: ["--security", "plain"], shell })));
    for (const shop of shops) started.use(shop);
  }, 60_000);
  afterAll(() => started.disposeAsync(), 60_000);

  const clientOf = (index: number) => shops[index]?.address ?? "";

  /** Runs a statement in psql, with the URL of the service. */
  const runPsql = (statement: string) => promisify(execFile)(psql, [url(), "-qc", statement], { env: { ...process.env, LC_ALL: "C" } });

  test("an order that one process accepts wakes up the watchers of another one by NATS", async () => {
    using history = createClient(OrderHistory, clientOf(0));
    using orders = createClient(OrderService, clientOf(1));
    const end = new AbortController();
    const watch = history.watchOrders({}, { signal: end.signal })[Symbol.asyncIterator]();
    expect((await watch.next()).value?.order).toBeUndefined();
    const start = performance.now();
    for (let id = 1; id <= 10; id++) {
      await orders.newOrder({ orderMain: { orderId: id, orderNo: `nats-${id}`, userId: 7, orderMoney: 1 } });
      expect((await watch.next()).value?.order?.order?.orderNo).toBe(`nats-${id}`);
    }
    // Without a wake-up, each order takes up to five seconds.
    expect(performance.now() - start).toBeLessThan(20_000);
    const listening = "select 1 from pg_stat_activity where usename = 'shop' and query ilike 'listen%'";
    expect(await database.query(listening)).toEqual([]);
    end.abort();
  });

  test("an order and a stock that somebody changes with psql are what clients see", async () => {
    using history = createClient(OrderHistory, clientOf(0));
    using products = createClient(ProdService, clientOf(1));
    const end = new AbortController();
    const watch = history.watchOrders({}, { signal: end.signal })[Symbol.asyncIterator]();
    await watch.next();
    await runPsql("insert into orders (order_no, order_id, user_id, order_money) values ('psql', 1, 7, 2.5)");
    expect((await watch.next()).value?.order?.order).toMatchObject({ orderNo: "psql", orderId: 1, userId: 7, orderMoney: 2.5 });
    end.abort();
    await runPsql("update stock set stock = stock - 1 where area = 'A'");
    expect(await products.getProdStock({ prodId: 1 })).toMatchObject({ prodStock: 114513 });
  });

  test("a wrong password, certificate or host is one line without the password", async () => {
    const rejected = "the database rejects the user or the password";
    const untrusted = "the certificate of the database is not trusted";
    for (const [parts, problem] of [
      [{ password: "wrong-secret" }, `${rejected}: password authentication failed for user "shop"`],
      [{ password: "" }, `${rejected}: SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a `],
      [{ ca: "other.pem" }, `${untrusted}: `],
      [{ host: "127.0.0.1" }, `${untrusted}: Hostname/IP does not match certificate's altnames: `],
      [{ ca: "nosuch.pem" }, "the database cannot be reached: ENOENT: no such file or directory"],
    ] as const) {
      const outcome = await run(process.execPath, [serverMain, "migrate"], { env: { DATABASE_URL: url(parts) } });
      expect(outcome).toMatchObject({ status: 1, stdout: "" });
      expect(outcome.stderr).toMatch(/^error: [^\n]*\n$/);
      expect(outcome.stderr).toContain(`error: ${problem}`);
      expect(outcome.stderr).not.toContain("secret");
    }
  });

  test("a service whose password is wrong says so in its log, without the password", async () => {
    const shell = `DATABASE_URL='${url({ password: "wrong-secret" })}' exec "$@"`;
    await using shop = await serve("shop", { args: ["--security", "plain"], shell });
    const { msg } = await shop.logged(({ level }) => level === "warn");
    expect(msg).toMatch(
      /^PostgreSQL at localhost:\d+\/shop: the database rejects the user or the password: password authentication failed/,
    );
    expect(shop.stderr.text + shop.stdout.text).not.toContain("wrong-secret");
    for (const shop of shops) expect(shop.stderr.text + shop.stdout.text).not.toContain(encodeURIComponent(secret));
  });
});
