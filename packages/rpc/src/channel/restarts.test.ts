// Two servers restart in turn under load, and no call of any kind fails.
import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { everyKind, kindNames, kinds, TestService } from "../../test/harness.ts";
import { createChannel, createClient, createServer, implement, type Server } from "../index.ts";

const handlers = everyKind(async ({ signal }) => {
  await pause(2, undefined, { signal });
  return "answer";
});

async function startAt(address: string): Promise<{ server: Server; address: string }> {
  const server = createServer();
  server.add(implement(TestService, handlers));
  const bound = await server.listen(address);
  onTestFinished(async () => {
    await server.shutdown({ graceMs: 0, abortMs: 0 });
  });
  return { server, address: bound.address };
}

test.each(["pick_first", "round_robin"] as const)(
  "%s: no call fails, even without a retry policy",
  { timeout: 60_000 },
  async (balancing) => {
    const servers = [await startAt("127.0.0.1:0"), await startAt("127.0.0.1:0")];
    const target = `ipv4:${servers.map(({ address }) => address).join()}`;
    using channel = createChannel(target, { balancing, backoff: { initialMs: 100, maxMs: 200 } });
    const client = createClient(TestService, channel);
    const outcomes: Record<string, number> = {};
    let stop = false;
    const load = kindNames.flatMap((kind) =>
      Array.from({ length: 5 }, async () => {
        for (let i = 0; i < 20_000 && !stop; i++) {
          const outcome = await kinds[kind](client, "request").then(
            (responses) => responses.map(({ text }) => text).join(),
            (error: unknown) => `${kind}: ${error}`,
          );
          outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        }
      }),
    );
    for (const index of [0, 1, 0, 1]) {
      await pause(200);
      const { server, address } = servers[index] as (typeof servers)[number];
      await server.shutdown();
      await pause(50);
      servers[index] = await startAt(address);
      await pause(300);
    }
    stop = true;
    await Promise.all(load);
    expect(Object.keys(outcomes)).toEqual(["answer"]);
    expect(outcomes["answer"]).toBeGreaterThan(200);
  },
);
