// Random exchanges between the engine and node:http2, and between two engines: both sides must see
// the same.
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { code } from "../raw/frames.ts";
import { type Certificate, selfSigned } from "./certificate.ts";
import { inMemory, overLoopback, type Pair, type Setup } from "./pairs.ts";
import { clientSees, content, type Plan, scenarios, serverSees } from "./plan.ts";

const seed = Number(process.env["HTTP2_SEED"] ?? 9_113);
const numRuns = Number(process.env["HTTP2_RUNS"] ?? 10);

let certificate: Certificate;
beforeAll(async () => {
  certificate = await selfSigned();
});

const pairs: readonly (readonly [name: string, connect: (setup: Setup) => Promise<Pair>])[] = [
  ["the engine's client and node's server", (setup) => overLoopback("engine", "node", setup)],
  ["node's client and the engine's server", (setup) => overLoopback("node", "engine", setup)],
  ["two engines", (setup) => overLoopback("engine", "engine", setup)],
  ["the engine's client and node's server, over TLS", (setup) => overLoopback("engine", "node", setup, certificate)],
  ["node's client and the engine's server, over TLS", (setup) => overLoopback("node", "engine", setup, certificate)],
  ["two engines, over TLS", (setup) => overLoopback("engine", "engine", setup, certificate)],
  ["two engines, in memory", inMemory],
];

/** Rejects with the exchange's name if it does not finish. */
async function inTime<T>(promise: Promise<T>, what: string): Promise<T> {
  const timer = Promise.withResolvers<never>();
  const timeout = setTimeout(() => timer.reject(new Error(`${what} does not finish`)), 10_000);
  return Promise.race([promise, timer.promise]).finally(() => clearTimeout(timeout));
}

/** Runs all exchanges of a setup at once and checks both sides. */
async function exchange(connect: (setup: Setup) => Promise<Pair>, setup: Setup): Promise<void> {
  const { client, server } = await connect(setup);
  try {
    await Promise.all(
      setup.plans.map(async (plan, index) => {
        const [atClient, atServer] = [clientSees(plan, index), serverSees(plan, index)];
        const come = await inTime(client.exchange(plan, index), `the client's exchange ${index}: ${JSON.stringify(plan)}`);
        if (atClient) expect(come, `the client, exchange ${index}`).toMatchObject(atClient);
        if (!atServer) return;
        const seen = await inTime(server.seen(index), `the server's exchange ${index}: ${JSON.stringify(plan)}`);
        expect(seen, `the server, exchange ${index}`).toMatchObject(atServer);
      }),
    );
  } finally {
    client.close();
    await server.close();
  }
}

describe.each(pairs)("%s", (_, connect) => {
  test("random exchanges", async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, (setup) => exchange(connect, setup)),
      { seed, numRuns, endOnFailure: true },
    );
  });
});

const windows = { initialWindowSize: 65_535, maxFrameSize: 16_384 };
const plan = (changes: Partial<Plan> = {}): Plan => ({
  request: [],
  requestTrailer: undefined,
  mode: "after",
  response: [],
  responseTrailer: undefined,
  reset: undefined,
  ...changes,
});

describe.each(pairs.slice(0, 3))("%s", (_, connect) => {
  test("2,000 streams, 500 at once", async () => {
    const plans = Array.from({ length: 2_000 }, (_, index) =>
      plan({ request: [index % 50], response: [index % 70, index % 7], responseTrailer: "done", mode: index % 3 === 0 ? "echo" : "after" }),
    );
    const { client, server } = await connect({ client: windows, server: windows, plans });
    let next = 0;
    const worker = async () => {
      while (next < plans.length) {
        const index = next++;
        const own = plans[index];
        if (own) expect(await client.exchange(own, index)).toMatchObject(clientSees(own, index) ?? {});
      }
    };
    await Promise.all(Array.from({ length: 500 }, worker));
    client.close();
    await server.close();
  });

  test("16 MiB in each direction through windows of 65,535 bytes", async () => {
    const parts = Array.from({ length: 8 }, () => 2 << 20);
    await exchange(connect, {
      client: windows,
      server: windows,
      plans: [plan({ request: parts, mode: "echo" }), plan({ response: parts })],
    });
  });

  test("GOAWAY in the middle: an exchange is complete on both sides, or the server has not processed it", async () => {
    const plans = Array.from({ length: 400 }, (_, index) =>
      plan({ request: [index * 10, 20_000], response: [index * 100], responseTrailer: "done", mode: index % 2 === 0 ? "after" : "echo" }),
    );
    const { client, server } = await connect({ client: windows, server: windows, plans });
    let next = 0;
    let complete = 0;
    const processed = new Set<number>();
    const worker = async () => {
      while (next < plans.length) {
        const index = next++;
        const own = plans[index];
        if (own === undefined) return;
        void server.seen(index).then(() => processed.add(index));
        if (index === 100) server.drain();
        // A client that has received GOAWAY opens no streams.
        const seen = await client.exchange(own, index).catch(() => undefined);
        if (seen === undefined) return;
        if (seen.code === undefined) {
          expect(seen).toMatchObject(clientSees(own, index) ?? {});
          expect(processed).toContain(index);
          complete++;
        } else {
          // node:http2 reports INTERNAL_ERROR for a request that it did not send because of GOAWAY.
          expect([code.refusedStream, code.internalError]).toContain(seen.code);
          expect(processed).not.toContain(index);
        }
      }
    };
    await Promise.all(Array.from({ length: 50 }, worker));
    expect(complete).toBeGreaterThanOrEqual(100);
    expect(processed.size).toBe(complete);
    client.close();
    await server.close();
  });

  test("parts of one byte", async () => {
    const ones = Array.from({ length: 3_000 }, () => 1);
    await exchange(connect, { client: windows, server: windows, plans: [plan({ request: ones, response: ones, requestTrailer: "t" })] });
  });
});

test("the content of parts differs", () => {
  expect(content(100, 1, 0).equals(content(100, 2, 0))).toBe(false);
  expect(content(100, 1, 0).equals(content(100, 1, 1))).toBe(false);
});
