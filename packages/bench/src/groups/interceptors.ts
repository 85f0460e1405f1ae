// The group `interceptors`: what an interceptor that only observes adds to a call.
import type { Calls } from "../interceptors/client-process.ts";
import type { Ports } from "../interceptors/server-process.ts";
import { costOf } from "../interceptors/usage.ts";
import { alternate } from "../measure/alternate.ts";
import { append, type Measure, type Samples } from "../measure/measure.ts";
import type { MethodName } from "../messages/calls.ts";
import { type Process, start } from "../process/start.ts";
import { type Group, type Outcome, type Run, warmUpMs } from "./group.ts";

const contestants = ["observed", "without"] as const;
type Contestant = (typeof contestants)[number];

export const interceptors: Group = {
  name: "interceptors",
  about:
    "CPU time of a call, or of a message in a stream, with an interceptor that only observes, `(call, next) => { call.onEnd(f); return next(); }`, and without one. Both are in one process and take turns, because two processes would differ by more.",
  run,
};

interface Row {
  readonly name: string;
  readonly method: MethodName;
  readonly unit: "call" | "message";
  readonly inFlight: number;
  readonly connections: number;
}

const unary = { method: "Say", unit: "call", inFlight: 100, connections: 4 } as const;
const stream = { unit: "message", inFlight: 4, connections: 2 } as const;

/** The names of the measures that the bar has. */
export const interceptorNames = {
  server: "server, unary, 7 B",
  async: "server, unary, 7 B, async handler",
  client: "client, unary, 7 B",
  both: "client and server, unary, 7 B",
} as const;

const serverRows: readonly Row[] = [
  { name: interceptorNames.server, ...unary },
  { name: "server, server stream, 7 B", method: "Count", ...stream },
  { name: "server, client stream, 7 B", method: "Gather", ...stream },
  { name: "server, bidi ping-pong, 7 B", method: "Chat", unit: "message", inFlight: 48, connections: 4 },
];
const asyncRow: Row = { name: interceptorNames.async, ...unary };
const clientRow: Row = { name: interceptorNames.client, ...unary };
/** The whole call: the CPU time of the client's process and of the server's. Both observe the call, or neither does. */
const bothRow: Row = { name: interceptorNames.both, ...unary };

/**
 * How often the processes start. V8 optimizes them differently each time: the ratio of one start is
 * up to a tenth higher or lower than that of the next one, most of all for the client.
 */
const startsOf = (quick: boolean) => (quick ? { server: 1, client: 1, both: 1 } : { server: 6, client: 16, both: 12 });

async function run({ quick, progress }: Run): Promise<Outcome> {
  const samples = new Map([...serverRows, asyncRow, clientRow, bothRow].map((row): [Row, Samples] => [row, {}]));
  const measure = async (processes: readonly Process<unknown>[], row: Row, first: boolean, load: Load) => {
    append(samples.get(row) ?? {}, await takeTurns(processes, load, { quick, first }));
    for (const process of processes) {
      if ((await process.ask<number>("failedCalls")) > 0) throw new Error("an observed call has failed");
    }
  };
  const starts = startsOf(quick);
  for (let i = 1; i <= starts.server; i++) {
    for (const [isAsync, rows] of [
      [false, serverRows],
      [true, [asyncRow]],
    ] as const) {
      await using server = await start<Ports>("server", "interceptors/server-process.js", { isAsync });
      await using driver = await start<null>("load", "load/process.js");
      for (const [place, row] of rows.entries()) {
        progress(`server, start ${i}/${starts.server}: ${row.name}`);
        const { method, inFlight, connections } = row;
        await measure([server], row, place === 0, (contestant, milliseconds) => {
          return driver.ask("calls", { port: server.ready[contestant], ca: null, method, connections, inFlight, milliseconds });
        });
      }
    }
  }
  for (let i = 1; i <= starts.client; i++) {
    progress(`client, start ${i}/${starts.client}`);
    await using server = await start<number>("load", "peers/engine/server.js", null);
    const ports: Ports = { without: server.ready, observed: server.ready };
    await using client = await start<null>("server", "interceptors/client-process.js", ports);
    await measure([client], clientRow, true, callsOf(client));
  }
  for (let i = 1; i <= starts.both; i++) {
    progress(`client and server, start ${i}/${starts.both}`);
    await using server = await start<Ports>("server", "interceptors/server-process.js", { isAsync: false });
    await using client = await start<null>("load", "interceptors/client-process.js", server.ready);
    await measure([client, server], bothRow, true, callsOf(client));
  }
  const measures = [...samples].map(([{ name, unit }, samples]): Measure => {
    return { name, unit: `µs/${unit}`, better: "less", subject: "observed", samples };
  });
  return { measures, notes: [] };
}

/** Makes calls for some time. */
type Load = (contestant: Contestant, milliseconds: number) => Promise<unknown>;

/** The unary calls of `interceptors/client-process.ts`. */
function callsOf(client: Process<null>): Load {
  return (contestant, milliseconds) => client.ask("calls", { contestant, inFlight: unary.inFlight, milliseconds } satisfies Calls);
}

async function takeTurns(
  processes: readonly Process<unknown>[],
  load: Load,
  { quick, first }: { quick: boolean; first: boolean },
): Promise<Record<Contestant, number[]>> {
  // In turns, so that V8 compiles the code for both.
  for (let i = 0; i < 4; i++) for (const contestant of contestants) await load(contestant, warmUpMs({ quick }, first) / 4);
  const milliseconds = 250;
  const take = (contestant: Contestant) => () => costOf(processes, milliseconds, () => load(contestant, milliseconds));
  return alternate({ observed: take("observed"), without: take("without") }, quick ? 8 : 10);
}
