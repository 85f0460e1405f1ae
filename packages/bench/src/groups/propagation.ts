// The group `propagation`: what it costs that a call inherits from the call that made it.
import { alternate } from "../measure/alternate.ts";
import { append, type Measure, type Samples } from "../measure/measure.ts";
import type { MethodName } from "../messages/calls.ts";
import { streamLength } from "../messages/frame.ts";
import { watch } from "../process/clock.ts";
import { type Process, start } from "../process/start.ts";
import type { Ports, Servers } from "../propagation/process.ts";
import { type Group, type Outcome, type Run, warmUpMs } from "./group.ts";

export const propagation: Group = {
  name: "propagation",
  about:
    "CPU time of a call on a server. `entered`: the process has a client, so that each handler runs in the context of its call; `without`: it has none. And of a handler that calls another server: the call has `inherited` deadline and cancellation, has got them `by hand` as `signal` and `deadline`, or has `nothing` of them.",
  run,
};

/** The names of the measures, for the bar. */
export const propagationNames = {
  unary: "server, unary, 7 B",
  stream: "server, server stream, 7 B",
  on: "handler that calls on, unary, 7 B",
};

const unary = { method: "Say", connections: 4, inFlight: 100 } as const satisfies Load;
const stream = { method: "Count", connections: 2, inFlight: 4 } as const satisfies Load;

interface Load {
  readonly method: MethodName;
  readonly connections: number;
  readonly inFlight: number;
}

interface Contestant {
  readonly process: Process<unknown>;
  readonly port: number;
}

async function run({ quick, progress }: Run): Promise<Outcome> {
  const samples: Record<keyof typeof propagationNames, Samples> = { unary: {}, stream: {}, on: {} };
  const starts = quick ? 1 : 4;
  for (let i = 1; i <= starts; i++) {
    await using stack = new AsyncDisposableStack();
    const driver = stack.use(await start<null>("load", "load/process.js"));
    const begin = async (servers: Servers) => stack.use(await start<Ports>("server", "propagation/process.js", servers));
    const leaf = async (hasClient: boolean): Promise<Contestant> => {
      const process = await begin({ kind: "leaf", hasClient });
      return { process, port: process.ready["leaf"] ?? 0 };
    };
    const leaves = { entered: await leaf(true), without: await leaf(false) };
    const measure = async (name: keyof typeof samples, load: Load, contestants: Readonly<Record<string, Contestant>>) => {
      progress(`start ${i}/${starts}: ${propagationNames[name]}`);
      append(samples[name], await takeTurns(driver, load, contestants, quick));
    };
    await measure("unary", unary, leaves);
    await measure("stream", stream, leaves);
    const process = await begin({ kind: "calls on", port: leaves.without.port });
    await measure("on", unary, Object.fromEntries(Object.entries(process.ready).map(([name, port]) => [name, { process, port }])));
  }
  const subjects = { unary: "entered", stream: "entered", on: "inherited" };
  const measures = (["unary", "stream", "on"] as const).map((key): Measure => {
    return { name: propagationNames[key], unit: "µs/call", better: "less", subject: subjects[key], samples: samples[key] };
  });
  return { measures, notes: [`A call of the server stream has ${streamLength.toLocaleString("en")} messages.`] };
}

async function takeTurns(
  driver: Process<null>,
  load: Load,
  contestants: Readonly<Record<string, Contestant>>,
  quick: boolean,
): Promise<Record<string, number[]>> {
  const call = ({ port }: Contestant, milliseconds: number) => driver.ask<number>("calls", { ...load, port, ca: null, milliseconds });
  // In turns, so that V8 compiles the code for all of them.
  for (let i = 0; i < 4; i++) for (const contestant of Object.values(contestants)) await call(contestant, warmUpMs({ quick }, true) / 4);
  const milliseconds = 250;
  const turns = Object.entries(contestants).map(([name, contestant]) => {
    const take = async () => {
      const { rate, busy } = await watch(contestant.process, milliseconds, () => call(contestant, milliseconds));
      return (busy * 1_000_000) / rate;
    };
    return [name, take] as const;
  });
  return alternate(Object.fromEntries(turns), quick ? 8 : 10);
}
