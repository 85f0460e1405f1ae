// The group `shop`: orders on each database, and watchers of orders across processes.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { OrderHistory, OrderService } from "@grpc-study/proto/shop";
import { createClient } from "@grpc-study/rpc";
import { postgresMissing, startPostgres } from "@grpc-study/test-servers";
import { alternate } from "../measure/alternate.ts";
import type { Measure } from "../measure/measure.ts";
import { quantile } from "../measure/statistics.ts";
import { serveShop } from "../shop/server.ts";
import type { Group, Outcome, Run } from "./group.ts";

export const shop: Group = {
  name: "shop",
  about:
    "Orders per second of the shop with 100 calls in flight, in one process, on PGlite in a folder and on PostgreSQL that waits for the disk; and the milliseconds from the call of NewOrder to the order at each of 1,000 watchers, over four workers.",
  run,
};

const inFlight = 100;
const watchers = 1000;
const watchersPerConnection = 50;
const workers = 4;
/** Milliseconds between two orders that watchers wait for. */
const intervalMs = 200;

async function run({ quick, progress }: Run): Promise<Outcome> {
  const missing = postgresMissing();
  const rates = await measureRates(quick, progress, missing === undefined);
  if (missing !== undefined) return { measures: [rates], notes: [`PostgreSQL and the watchers are excluded: it ${missing}.`] };
  const latencies = await measureWatchers(quick ? 10 : 50, quick ? 1 : 6, progress);
  const latency = (name: string, fraction: number): Measure => {
    const samples = { PostgreSQL: latencies.map((round) => quantile(round, fraction)) };
    return { name: `an order at ${watchers} watchers, ${name}`, unit: "ms", better: "less", ratios: false, samples };
  };
  return {
    measures: [rates, latency("p50", 0.5), latency("p99", 0.99)],
    notes: [
      `The server, PostgreSQL and the clients share the cores of this machine. ${workers} workers have ${watchers / workers} watchers each, on average; an order is placed every ${intervalMs} ms.`,
      "Orders commit one after the other, since positions are in the order of commits: with PostgreSQL, the disk limits them.",
    ],
  };
}

/** Orders per second, by database. */
async function measureRates(quick: boolean, progress: Run["progress"], hasPostgres: boolean): Promise<Measure> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "bench-shop-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  progress("starting the databases");
  const locations: Record<string, readonly string[]> = { PGlite: ["--data", folder] };
  if (hasPostgres) locations["PostgreSQL"] = ["--database", stack.use(await startPostgres({ fsync: "on" })).url];
  const takes: Record<string, () => Promise<number>> = {};
  for (const [name, args] of Object.entries(locations)) {
    const { address } = stack.use(await serveShop(args));
    const orders = stack.use(createClient(OrderService, address));
    let last = 0;
    const place = () => orders.newOrder({ orderMain: { orderId: 1, orderNo: `${++last}`, userId: 1, orderMoney: 1 } });
    // The first call waits until the database is open.
    await place();
    takes[name] = async () => {
      const start = performance.now();
      const end = start + (quick ? 1000 : 2000);
      let placed = 0;
      await Promise.all(
        Array.from({ length: inFlight }, async () => {
          for (; performance.now() < end; placed++) await place();
        }),
      );
      return (placed * 1000) / (performance.now() - start);
    };
  }
  progress("warming up");
  for (const take of Object.values(takes)) await take();
  const rounds = quick ? 3 : 9;
  const samples = await alternate(takes, rounds, (round) => progress(`orders, round ${round + 1}/${rounds}`));
  return { name: `orders, ${inFlight} in flight`, unit: "orders/s", better: "more", ratios: false, samples };
}

/** The milliseconds until an order has reached a watcher, for each order and watcher of a round. */
async function measureWatchers(orders: number, rounds: number, progress: Run["progress"]): Promise<number[][]> {
  await using stack = new AsyncDisposableStack();
  const postgres = stack.use(await startPostgres({ fsync: "on" }));
  const { address } = stack.use(await serveShop(["--database", postgres.url, "--workers", `${workers}`]));
  const started = new Map<string, number>();
  let latencies: number[] = [];
  const end = new AbortController();
  stack.defer(() => end.abort());
  progress(`${watchers} watchers connect`);
  await Promise.all(
    Array.from({ length: watchers / watchersPerConnection }, async () => {
      // Each connection reaches one of the workers.
      const history = stack.use(createClient(OrderHistory, address, { pool: false }));
      await Promise.all(
        Array.from({ length: watchersPerConnection }, async () => {
          const responses = history.watchOrders({}, { signal: end.signal })[Symbol.asyncIterator]();
          await responses.next();
          const receive = async () => {
            for (;;) {
              const { done, value } = await responses.next();
              if (done) return;
              const start = started.get(value.order?.order?.orderNo ?? "");
              if (start !== undefined) latencies.push(performance.now() - start);
            }
          };
          receive().catch(() => {});
        }),
      );
    }),
  );
  const shop = stack.use(createClient(OrderService, address));
  const measured: number[][] = [];
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    progress(`watchers, round ${round}/${rounds}`);
    latencies = [];
    for (let i = 0; i < orders; i++) {
      const orderNo = `${round}-${i}`;
      started.set(orderNo, performance.now());
      await Promise.all([shop.newOrder({ orderMain: { orderId: 1, orderNo, userId: 1, orderMoney: 1 } }), delay(intervalMs)]);
    }
    const deadline = performance.now() + 30_000;
    while (latencies.length < orders * watchers) {
      if (performance.now() > deadline) throw new Error(`watchers have received ${latencies.length} of ${orders * watchers} orders`);
      await delay(50);
    }
    if (round > 0) measured.push(latencies);
  }
  return measured;
}
