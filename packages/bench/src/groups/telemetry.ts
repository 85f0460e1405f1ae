// The group `telemetry`: what OpenTelemetry costs a server.
import { alternate } from "../measure/alternate.ts";
import { append, type Measure, type Samples } from "../measure/measure.ts";
import { streamLength } from "../messages/frame.ts";
import { watch } from "../process/clock.ts";
import { type Process, start } from "../process/start.ts";
import { type Telemetry, telemetries } from "../telemetry/process.ts";
import { type Group, type Outcome, type Run, warmUpMs } from "./group.ts";

export const telemetry: Group = {
  name: "telemetry",
  about:
    "CPU time of a call on a server: with `serverTelemetry()` and `no SDK`, with `metrics`, with traces that are `not sampled`, and with `traces and metrics` of each call, without their export. Beside an interceptor that is only `an observer`, and `nothing`.",
  run,
};

/** The names of the measures, for the bar. */
export const telemetryNames = { unary: "server, unary, 7 B", stream: "server, server stream, 7 B" };

const loads = {
  unary: { method: "Say", connections: 4, inFlight: 100 },
  stream: { method: "Count", connections: 2, inFlight: 4 },
} as const;

async function run({ quick, progress }: Run): Promise<Outcome> {
  const samples: Record<keyof typeof loads, Samples> = { unary: {}, stream: {} };
  const starts = quick ? 1 : 4;
  for (let i = 1; i <= starts; i++) {
    await using stack = new AsyncDisposableStack();
    const driver = stack.use(await start<null>("load", "load/process.js"));
    const servers = new Map<Telemetry, Process<number>>();
    for (const one of telemetries) servers.set(one, stack.use(await start<number>("server", "telemetry/process.js", one)));
    for (const key of ["unary", "stream"] as const) {
      progress(`start ${i}/${starts}: ${telemetryNames[key]}`);
      append(samples[key], await takeTurns(driver, loads[key], servers, quick));
    }
  }
  const measures = (["unary", "stream"] as const).map((key): Measure => {
    return { name: telemetryNames[key], unit: "µs/call", better: "less", subject: "no SDK", samples: samples[key] };
  });
  return { measures, notes: [`A call of the server stream has ${streamLength.toLocaleString("en")} messages.`] };
}

async function takeTurns(
  driver: Process<null>,
  load: (typeof loads)[keyof typeof loads],
  servers: ReadonlyMap<Telemetry, Process<number>>,
  quick: boolean,
): Promise<Record<string, number[]>> {
  const call = ({ ready: port }: Process<number>, milliseconds: number) =>
    driver.ask<number>("calls", { ...load, port, ca: null, milliseconds });
  // In turns, so that V8 compiles the code for all of them.
  for (let i = 0; i < 4; i++) for (const server of servers.values()) await call(server, warmUpMs({ quick }, true) / 4);
  const milliseconds = 250;
  const turns = [...servers].map(([name, server]) => {
    const take = async () => {
      const { rate, busy } = await watch(server, milliseconds, () => call(server, milliseconds));
      return (busy * 1_000_000) / rate;
    };
    return [name, take] as const;
  });
  return alternate(Object.fromEntries(turns), quick ? 8 : 10);
}
