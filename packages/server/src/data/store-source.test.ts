// The shop while its database starts, works, stops and hangs.
import { OrderService, ProdService } from "@grpc-study/proto/shop";
import { Code, createClient, RpcError } from "@grpc-study/rpc";
import { RetryInfoSchema } from "@grpc-study/rpc/error-details";
import { Health, HealthCheckResponse_ServingStatus as Status } from "@grpc-study/rpc/health";
import { postgresMissing, startPostgres } from "@grpc-study/test-servers";
import { expect, onTestFinished, test } from "vitest";
import { recordLog } from "../../test/serve-services.ts";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { serve } from "../serve.ts";
import { shop } from "../shop/index.ts";
import type { Topic } from "../topic.ts";
import { ProcessStore } from "./store-source.ts";

const missing = postgresMissing();

const topic: Topic = { ...shop, listeners: [{ port: 0, security: "plaintext" }] };
const order = { orderId: 1, orderNo: "1", userId: 7, orderMoney: 20.5 };

async function serveShop(location: ConstructorParameters<typeof ProcessStore>[0]) {
  const { log, lines, messages } = recordLog();
  const { endpoints, shutdown } = await serve([topic], { host: "127.0.0.1", log, store: new ProcessStore(location, log) });
  onTestFinished(() => shutdown({ graceMs: 0 }));
  const address = endpoints[0]?.address ?? "";
  const health = createClient(Health, address);
  const statusOf = async (service: string) => Status[(await health.check({ service })).status];
  const clients = { products: createClient(ProdService, address), orders: createClient(OrderService, address), health };
  onTestFinished(() => {
    for (const client of Object.values(clients)) client[Symbol.dispose]();
  });
  return { ...clients, statusOf, lines, messages, shutdown };
}

test("the shop is NOT_SERVING until its store is open, the server is SERVING, and the first call waits", async () => {
  const { products, statusOf } = await serveShop("memory");
  expect([await statusOf(""), await statusOf("services.ProdService")]).toEqual(["SERVING", "NOT_SERVING"]);
  expect(await products.getProdStock({ prodId: 1 })).toMatchObject({ prodStock: 114514 });
  await expect.poll(() => statusOf("services.OrderService"), { timeout: 5000 }).toBe("SERVING");
});

test("the log names the place of the data, with a warning if it is memory", { timeout: 60_000 }, async () => {
  const dir = await temporaryFolder();
  for (const [location, line] of [
    ["memory", { level: "warn", msg: "the data is in memory and ends with this process, as --data or GRPC_STUDY_DATA says" }],
    [{ dir }, { level: "info", msg: `the data is in PGlite in ${dir}` }],
  ] as const) {
    const { products, lines, shutdown } = await serveShop(location);
    await products.getProdStock({ prodId: 1 });
    await expect.poll(() => lines).toContainEqual(expect.objectContaining(line));
    await shutdown({ graceMs: 0 });
  }
});

test("a deadline ends a call that waits for the store, and a shutdown ends the opening", async () => {
  const { products, shutdown } = await serveShop("memory");
  await expect(products.getProdStock({ prodId: 1 }, { timeoutMs: 20 })).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  const start = performance.now();
  await shutdown({ graceMs: 0 });
  expect(performance.now() - start).toBeLessThan(3000);
});

test.skipIf(missing !== undefined)(
  `a database that is down is UNAVAILABLE with RetryInfo and NOT_SERVING, and works once it is up${missing ? `: ${missing}` : ""}`,
  { timeout: 60_000 },
  async () => {
    await using server = await startPostgres();
    await server.stop();
    const { products, orders, statusOf, messages } = await serveShop({ url: server.url });
    const error = await products.getProdStock({ prodId: 1 }).catch((error: unknown) => error);
    if (!(error instanceof RpcError)) throw new Error("the call did not fail", { cause: error });
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, message: "the database cannot be reached" });
    expect(error.findDetails(RetryInfoSchema)).toMatchObject([{ retryDelay: { seconds: 1n } }]);
    expect(await statusOf("services.ProdService")).toBe("NOT_SERVING");
    expect(messages()).toContainEqual(expect.stringMatching(/^PostgreSQL at 127\.0\.0\.1:\d+\/postgres: the database cannot be reached: /));

    await server.start();
    await expect.poll(() => statusOf("services.ProdService"), { timeout: 20_000 }).toBe("SERVING");
    expect(await orders.newOrder({ orderMain: order })).toMatchObject({ status: "OK" });

    await server.crash();
    await expect(orders.newOrder({ orderMain: order })).rejects.toMatchObject({ code: Code.UNAVAILABLE });
    await expect.poll(() => statusOf("services.OrderService"), { timeout: 10_000 }).toBe("NOT_SERVING");
    await server.start();
    await expect.poll(() => statusOf("services.OrderService"), { timeout: 20_000 }).toBe("SERVING");
    expect(await orders.newOrder({ orderMain: order })).toMatchObject({ status: "OK" });
    expect(messages()).toContain("the database is available");
    expect(await server.query("select order_no, order_id from orders")).toEqual([{ order_no: "1", order_id: 1 }]);
  },
);

test.skipIf(missing !== undefined)(
  `the deadline of a call cancels its query on the server, a full disk is RESOURCE_EXHAUSTED, a statement_timeout DEADLINE_EXCEEDED${missing ? `: ${missing}` : ""}`,
  { timeout: 60_000 },
  async () => {
    await using server = await startPostgres();
    const { orders, statusOf } = await serveShop({ url: server.url });
    await expect.poll(() => statusOf("services.OrderService"), { timeout: 20_000 }).toBe("SERVING");
    await server.query(`create function slow() returns trigger language plpgsql as $$ begin
      if new.order_no = 'slow' then perform pg_sleep(20); end if;
      if new.order_no = 'full' then raise exception 'no space' using errcode = 'disk_full'; end if;
      if new.order_no = 'timeout' then raise exception 'timeout' using errcode = 'query_canceled'; end if;
      return new; end $$`);
    await server.query("create trigger slow before insert on orders for each row execute function slow()");
    const place = (orderNo: string, timeoutMs = 10_000) => orders.newOrder({ orderMain: { ...order, orderNo } }, { timeoutMs });
    await expect(place("slow", 500)).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    const sleeping = "select 1 from pg_stat_activity where wait_event = 'PgSleep'";
    await expect.poll(async () => (await server.query(sleeping)).length, { timeout: 3000 }).toBe(0);
    await expect(place("full")).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
    await expect(place("timeout")).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED, message: "the database cancelled the query" });
    expect(await place("normal")).toMatchObject({ status: "OK" });
    expect(await server.query("select order_no from orders")).toEqual([{ order_no: "normal" }]);
  },
);
