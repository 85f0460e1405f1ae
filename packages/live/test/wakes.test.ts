// Wake-ups for logs that are elsewhere, in one process and across two.
import { natsMissing, postgresMissing, startNats, startPostgres } from "@grpc-study/test-servers";
import { Pool } from "pg";
import { expect, onTestFinished, test } from "vitest";
import { processWakes, type Wakes } from "../src/index.ts";
import { natsWakes } from "../src/nats/index.ts";
import { postgresWakes } from "../src/postgres/index.ts";

/** Repeats an announcement until it wakes the topic up. */
async function wakesUp(receiver: Wakes, announce: () => unknown): Promise<void> {
  let woken = 0;
  const remove = receiver.add("orders", () => woken++);
  const announced = async () => {
    await announce();
    return woken;
  };
  await expect.poll(announced, { timeout: 20_000 }).toBeGreaterThan(0);
  remove();
}

/** Resolves once the receiver is connected, which wakes everybody up. */
async function connected(receiver: Wakes): Promise<void> {
  let woken = 0;
  const remove = receiver.add("others", () => woken++);
  await expect.poll(() => woken, { timeout: 20_000 }).toBeGreaterThan(0);
  remove();
}

function opened(wakes: Wakes): Wakes {
  onTestFinished(() => wakes.close());
  return wakes;
}

test("in a process, an announcement wakes up the topic", async () => {
  const wakes = opened(processWakes());
  await wakesUp(wakes, () => wakes.announce("orders"));
});

test.skipIf(natsMissing())(
  `over NATS, an announcement wakes up other processes, also after a crash of the server${natsMissing() ? `: ${natsMissing()}` : ""}`,
  async () => {
    await using server = await startNats();
    const [one, other] = [opened(natsWakes({ url: server.url }, "test")), opened(natsWakes({ url: server.url }, "test"))];
    await connected(other);
    await wakesUp(other, () => one.announce("orders"));
    await server.crash();
    one.announce("orders");
    await server.start();
    await wakesUp(other, () => one.announce("orders"));
  },
  60_000,
);

test.skipIf(postgresMissing())(
  `over PostgreSQL, a notification wakes up the topic, also after a crash of the server${postgresMissing() ? `: ${postgresMissing()}` : ""}`,
  async () => {
    await using server = await startPostgres();
    const wakes = opened(postgresWakes({ url: server.url }, "test"));
    const notify = async () => {
      const pool = new Pool({ connectionString: server.url, max: 1 });
      await pool.query("select pg_notify('test', 'orders')");
      await pool.end();
    };
    await connected(wakes);
    await wakesUp(wakes, notify);
    await server.crash();
    await server.start();
    await wakesUp(wakes, notify);
  },
  60_000,
);

test("over a server that is away, wake-ups close", async () => {
  for (const wakes of [natsWakes({ url: "nats://127.0.0.1:1" }, "test"), postgresWakes({ url: "postgres://a@127.0.0.1:1/b" }, "test")]) {
    wakes.add("orders", () => {});
    wakes.announce("orders");
    await wakes.close();
  }
});
