// Wake-ups for logs that are elsewhere, in one process and across two.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { natsMissing, postgresMissing, startNats, startPostgres } from "@grpc-study/test-servers";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { expect, onTestFinished, test } from "vitest";
import { processWakes, type Wakes } from "../src/index.ts";
import { natsWakes } from "../src/nats/index.ts";
import { NatsWakes } from "../src/nats/nats-wakes.ts";
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
    const back = Promise.all([connected(one), connected(other)]);
    one.announce("orders");
    await server.start();
    await back;
    await wakesUp(other, () => one.announce("orders"));
  },
  60_000,
);

test.skipIf(postgresMissing())(
  `over PostgreSQL, a notification wakes up the topic, also after a crash of the server${postgresMissing() ? `: ${postgresMissing()}` : ""}`,
  async () => {
    await using server = await startPostgres();
    const wakes = opened(postgresWakes({ url: server.url }, "test"));
    const notify = () => server.query("select pg_notify('test', 'orders')");
    await connected(wakes);
    await wakesUp(wakes, notify);
    await server.crash();
    const back = connected(wakes);
    await server.start();
    await back;
    await wakesUp(wakes, notify);
  },
  60_000,
);

test("over PostgreSQL, a server that ends a session as it begins is tried again", async () => {
  // In one packet: the login is accepted, the session is ready, and the server stops.
  const packet = Buffer.concat([
    Buffer.from("R\0\0\0\x08\0\0\0\0Z\0\0\0\x05IE\0\0\0\x1d", "latin1"),
    Buffer.from("SFATAL\0C57P01\0Mit stops\0\0", "latin1"),
  ]);
  let sessions = 0;
  const server = createServer((socket) => {
    socket
      .on("error", () => {})
      .once("data", () => {
        sessions++;
        socket.end(packet);
      });
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const wakes = opened(postgresWakes({ url: `postgres://a@127.0.0.1:${(server.address() as AddressInfo).port}/b` }, "test"));
  wakes.add("orders", () => {});
  await expect.poll(() => sessions, { timeout: 20_000 }).toBeGreaterThan(1);
});

test("over a server that is away, wake-ups close", async () => {
  for (const wakes of [natsWakes({ url: "nats://127.0.0.1:1" }, "test"), postgresWakes({ url: "postgres://a@127.0.0.1:1/b" }, "test")]) {
    wakes.add("orders", () => {});
    wakes.announce("orders");
    await wakes.close();
  }
});

test("without NATS, an announcement wakes up its own process", async () => {
  const wakes = opened(natsWakes({ url: "nats://127.0.0.1:1" }, "test"));
  let woken = 0;
  wakes.add("orders", () => woken++);
  wakes.announce("orders");
  expect(woken).toBe(1);
});

test.each(["nats://mei:50%@host", "nats://:secret@host"])("%s is not a URL of NATS", (url) => {
  expect(() => natsWakes({ url }, "test")).toThrow(RangeError);
  expect(() => natsWakes({ url }, "test")).not.toThrow(/host/);
});

test.skipIf(natsMissing())("over NATS, a refused subscription leaves no connection open", async () => {
  await using server = await startNats();
  const connections: NatsConnection[] = [];
  const open = async () => {
    const connection = await connect({ servers: server.url });
    connections.push(connection);
    return connection;
  };
  // A subject with a space is refused.
  const wakes = opened(new NatsWakes(open, "not a subject"));
  wakes.add("orders", () => {});
  await expect.poll(() => connections.length, { timeout: 10_000 }).toBeGreaterThan(2);
  expect(connections.slice(0, -1).every((connection) => connection.isClosed())).toBe(true);
});
