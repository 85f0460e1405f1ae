// The group `memory`: the memory of a server for an idle stream, and for a client that does not
// read.
import { setTimeout as delay } from "node:timers/promises";
import { append, type Measure, type Samples } from "../measure/measure.ts";
import { methodNames } from "../messages/calls.ts";
import { startServer } from "../peers/peers.ts";
import type { Memory } from "../process/memory.ts";
import { start } from "../process/start.ts";
import type { Group, Outcome, Run } from "./group.ts";
import { idleStreamNames, serverPeers } from "./workloads.ts";

export const memory: Group = {
  name: "memory",
  about:
    "Memory of a server in bytes, after garbage collection: for each of many idle bidirectional streams, and for a client that reads nothing of a stream of a million messages.",
  run,
};

async function run({ quick, progress }: Run): Promise<Outcome> {
  const streams = quick ? 1000 : 10_000;
  const rounds = quick ? 1 : 6;
  const measure = (name: string, unit: string, ratios?: false): Measure & { samples: Samples } => {
    return { name, unit, better: "less", samples: {}, ...(ratios === false && { ratios }) };
  };
  const idle = {
    heap: measure(idleStreamNames.heap, "bytes"),
    resident: measure(idleStreamNames.resident, "bytes"),
  };
  // A few buffers among other allocations: ratios of these figures are meaningless.
  const slow = { heap: measure("heap, slow reader", "bytes", false), resident: measure("resident, slow reader", "bytes", false) };
  for (let round = 1; round <= rounds; round++) {
    for (const peer of round % 2 ? serverPeers : serverPeers.toReversed()) {
      progress(`round ${round}/${rounds}: ${peer}`);
      await using stack = new AsyncDisposableStack();
      const { process: server, port } = await startServer(stack, peer, null);
      await using driver = await start<null>("load", "load/process.js");
      const target = { port, ca: null };
      // Excludes the memory of the first call, which initializes the server.
      await driver.ask("check", { ...target, methods: methodNames });
      await driver.ask("hold", { ...target, streams: 100 });
      await driver.ask("release");
      await delay(100);
      const before = await server.ask<Memory>("memory");
      await driver.ask("stall", target);
      await delay(500);
      const stalled = await server.ask<Memory>("memory");
      for (const key of ["heap", "resident"] as const) append(slow[key].samples, { [peer]: [stalled[key] - before[key]] });
      await driver.ask("release");
      await delay(100);
      const free = await server.ask<Memory>("memory");
      await driver.ask("hold", { ...target, streams });
      const held = await server.ask<Memory>("memory");
      for (const key of ["heap", "resident"] as const)
        append(idle[key].samples, { [peer]: [atLeastOne((held[key] - free[key]) / streams)] });
    }
  }
  return {
    measures: [idle.heap, idle.resident, slow.heap, slow.resident],
    notes: [`${streams} idle streams. A connection has a hundred streams, and its memory is included.`],
  };
}

/** New objects may use memory that was free before. A ratio needs at least one byte. */
const atLeastOne = (bytes: number) => Math.max(1, bytes);
