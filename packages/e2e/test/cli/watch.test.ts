// Watchers of orders while workers and databases die: each sees every order that was accepted, once,
// and in one order.
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fromBinary } from "@bufbuild/protobuf";
import { createGateway } from "@grpc-study/gateway";
import { OrderHistory, OrderService, WatchOrdersResponseSchema } from "@grpc-study/proto/shop";
import { Code, createClient, RpcError } from "@grpc-study/rpc";
import { postgresMissing, startPostgres } from "@grpc-study/test-servers";
import { expect, test } from "vitest";
import { startClient } from "../harness/client.ts";
import { e2eFolder, serverMain } from "../harness/paths.ts";
import { Process, run } from "../harness/process.ts";
import { type ServerProcess, serve } from "../harness/server.ts";

const runServer = (...args: string[]) => run(process.execPath, [serverMain, ...args]);

const missing = postgresMissing();
const python = process.env["PYTHON_GRPC"] ?? "/usr/bin/python3";
const hasPython = spawnSync(python, ["-c", "import grpc"]).status === 0;

/** The numbers of orders that a watcher has seen so far. */
type Seen = () => readonly string[];

test.skipIf(missing !== undefined)(
  `no watcher misses or doubles an order while workers and the database are killed${missing ? `: ${missing}` : ""}`,
  { timeout: 180_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const database = stack.use(await startPostgres());
    const migrations = "ran 001_tables\nran 002_seed\nran 003_positions_in_commit_order\n";
    expect(await runServer("migrate", "--database", database.url)).toEqual({ status: 0, stdout: migrations, stderr: "" });
    const args = ["--database", database.url, "--workers", "2", "--security", "plain"];
    let server = stack.use(await serve("shop", { args }));
    const { address } = server;

    const commands = [["--from", "0"], []].map((from) => stack.use(startClient(["shop", "watch", "--json", ...from, "--addr", address])));
    const watchers: Record<string, Seen> = {
      "our command": () => commands[0]?.stdout.lines.map((line) => JSON.parse(line).order.order_no) ?? [],
      "our command, from now on": () => commands[1]?.stdout.lines.map((line) => JSON.parse(line).order.order_no) ?? [],
      "our client": watchByClient(address, stack),
      "another process of ours": watchByClient(address, stack),
      HTTP: await watchOverHttp(address, stack),
      ...(hasPython && { "grpcio of Python": watchByPython(address, stack) }),
    };
    // The one from now on has begun once it has seen an order.
    const place = placer(address, stack);
    for (let first = 0; watchers["our command, from now on"]?.().length === 0; first++) {
      await place(`first-${first}`);
      await sleep(100);
    }

    const buyers = Array.from({ length: 8 }, async (_, buyer) => {
      const place = placer(address, stack);
      for (let count = 0; count < 15; count++) {
        await place(`${buyer}-${count}`);
        if (buyer !== 0) continue;
        if (count === 3 || count === 6) await killWorker(server);
        if (count === 9) {
          await database.crash();
          await database.start();
        }
        if (count === 12) {
          await server.stop();
          server = stack.use(await serve("shop", { args: [...args, "--port", String(server.port)] }));
        }
      }
    });
    await Promise.all(buyers);
    await place("last");

    const rows = await database.query("select order_no from orders order by position");
    const all = rows.map(({ order_no }) => String(order_no));
    expect(new Set(all).size).toBe(all.length);
    expect(all.filter((no) => !no.startsWith("first"))).toHaveLength(8 * 15 + 1);
    for (const [name, seen] of Object.entries(watchers)) {
      await expect.poll(() => seen().at(-1), { timeout: 30_000, message: name }).toBe("last");
      const isLater = name === "our command, from now on";
      expect([name, seen()]).toEqual([name, isLater ? all.slice(-seen().length) : all]);
    }
    expect(
      commands.map(({ stderr }) => stderr.lines.some((line) => /^UNAVAILABLE: .*; continuing after position \d+$/.test(line))),
    ).toEqual([true, true]);
    for (const command of commands) {
      command.kill("SIGINT");
      expect(await command.exit).toMatchObject({ status: 0 });
    }
  },
);

/** Places orders, and tries again until each is accepted. */
function placer(address: string, stack: AsyncDisposableStack): (orderNo: string) => Promise<void> {
  const shop = stack.use(createClient(OrderService, address));
  return async (orderNo) => {
    for (;;) {
      const code = await shop.newOrder({ orderMain: { orderId: 1, orderNo, userId: 1, orderMoney: 1 } }, { timeoutMs: 5000 }).then(
        () => Code.OK,
        (error: { readonly code: Code }) => error.code,
      );
      if (code === Code.OK) return;
      expect([Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED]).toContain(code);
      await sleep(50);
    }
  };
}

/** Kills a worker. */
async function killWorker({ pid = 0 }: ServerProcess): Promise<void> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  process.kill(Number(children.split(" ")[0]), "SIGKILL");
}

function watchByClient(address: string, stack: AsyncDisposableStack): Seen {
  const history = stack.use(createClient(OrderHistory, address, { pool: false }));
  const end = new AbortController();
  stack.defer(() => end.abort());
  const seen: string[] = [];
  void (async () => {
    for (let afterPosition = 0n; !end.signal.aborted; await sleep(50)) {
      try {
        for await (const { order, position } of history.watchOrders({ afterPosition }, { signal: end.signal })) {
          if (order !== undefined) seen.push(order.order?.orderNo ?? "");
          afterPosition = position;
        }
      } catch (error) {
        if (!(error instanceof RpcError && error.code === Code.UNAVAILABLE)) return;
      }
    }
  })();
  return () => seen;
}

/** A client of HTTP, which reads lines of JSON, through a gateway. */
async function watchOverHttp(upstream: string, stack: AsyncDisposableStack): Promise<Seen> {
  const gateway = createGateway({ services: [OrderHistory], upstream, json: { fieldNames: "proto" } });
  stack.defer(() => gateway.close());
  const { url } = await gateway.listen("127.0.0.1:0");
  const end = new AbortController();
  stack.defer(() => end.abort());
  const calls: Process[] = [];
  const responses = () => calls.flatMap(({ stdout }) => stdout.lines.flatMap((line) => JSON.parse(line).result ?? []));
  void (async () => {
    for (; !end.signal.aborted; await sleep(50)) {
      const position = responses().at(-1)?.position ?? "0";
      await using curl = new Process("curl", ["-sN", `${url}/v1/history:watch?after_position=${position}`], { input: "" });
      end.signal.addEventListener("abort", () => curl.kill("SIGKILL"));
      calls.push(curl);
      await curl.exit;
    }
  })();
  return () => responses().flatMap(({ order }) => order?.order.order_no ?? []);
}

function watchByPython(address: string, stack: AsyncDisposableStack): Seen {
  const program = stack.use(new Process(python, [join(e2eFolder, "foreign/python/watch_orders.py"), address, "0"]));
  return () =>
    program.stdout.lines.flatMap((line) => {
      const { order } = fromBinary(WatchOrdersResponseSchema, Buffer.from(line, "base64"));
      return order?.order?.orderNo ?? [];
    });
}
