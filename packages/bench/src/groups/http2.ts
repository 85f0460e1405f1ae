// The group `http2`: compares the engine with node:http2, grpc-go and plain TCP, with exchanges of
// 7 bytes and of 1 MiB.
import { setTimeout as delay } from "node:timers/promises";
import type { Exchanges } from "../echoes/client-process.ts";
import {
  type Contestant,
  clientWorkloads,
  contestants,
  type EchoWorkload,
  engine,
  memoryContestants,
  memoryNames,
  serverWorkloads,
  tlsWorkloads,
} from "../echoes/workloads.ts";
import { alternate } from "../measure/alternate.ts";
import { append, type Measure, type Samples } from "../measure/measure.ts";
import { type Built, buildGrpcGo } from "../peers/grpc-go/build.ts";
import type { GrpcGo } from "../peers/grpc-go/server.ts";
import type { Target, TlsFiles } from "../peers/peer.ts";
import { type Sample, watch } from "../process/clock.ts";
import type { Memory } from "../process/memory.ts";
import { type Process, start } from "../process/start.ts";
import { makeCertificates } from "./certificates.ts";
import { type Group, type Outcome, type Run, warmUpMs } from "./group.ts";
import { Load, measuresOf, waitingNote } from "./load.ts";

export const http2: Group = {
  name: "http2",
  about:
    "Exchanges per second on one core: HEADERS and DATA in, HEADERS, DATA and trailers out, 7 bytes each way or 1 MiB one way. `engine` is packages/http2, whose client is the load on every server. `net` moves the same bytes over plain TCP: the limit.",
  run,
};

const milliseconds = 400;
/**
 * With three starts, this makes nine rounds: the minimum at which one outlier at each end does not
 * affect the interval of the median.
 */
const takesPerStart = 3;

async function run({ quick, progress }: Run): Promise<Outcome> {
  const certificates = await makeCertificates();
  progress("building the grpc-go server");
  const go = buildGrpcGo();
  const starts = quick ? 1 : 3;
  const loads = new Map<string, Load>();
  const add = ({ name }: EchoWorkload, samples: Record<string, Sample[]>) => {
    const load = loads.get(name) ?? new Load(name, "call", engine);
    loads.set(name, load);
    load.add(samples);
  };
  let versions = go.reason ?? "";
  for (const [tls, workloads] of [
    [null, serverWorkloads],
    [certificates, tlsWorkloads],
  ] as const) {
    for (let i = 1; i <= starts; i++) {
      const about = `${tls ? "TLS servers" : "servers"}, start ${i}/${starts}`;
      await using stack = new AsyncDisposableStack();
      progress(about);
      const servers = await startServers(stack, tls, go);
      versions = servers.get("grpc-go")?.versions ?? versions;
      const drivers = await startDrivers(stack);
      for (const workload of workloads) {
        progress(`${about}: ${workload.name}`);
        const takes = workload.contestants.flatMap((contestant) => {
          const server = servers.get(contestant);
          if (server === undefined) return [];
          const own = workload.ownClient || contestant === "net" ? drivers.get(contestant) : undefined;
          const driver = own ?? drivers.get(engine);
          if (driver === undefined) return [];
          const ask = (milliseconds: number) =>
            driver.ask<number>("throughput", optionsOf(workload, { port: server.port, ca: tls?.ca ?? null }, milliseconds));
          return [{ contestant, process: server.process, ask }];
        });
        add(workload, await takeTurns(takes, quick, workload === workloads[0]));
      }
    }
  }
  for (let i = 1; i <= starts; i++) {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(await start<number>("load", "echoes/engine/server.js", null));
    const clients = new Map<Contestant, Process<null>>();
    for (const contestant of memoryContestants)
      clients.set(contestant, stack.use(await start<null>("server", "echoes/client-process.js", contestants[contestant])));
    for (const workload of clientWorkloads) {
      progress(`clients, start ${i}/${starts}: ${workload.name}`);
      const takes = [...clients].map(([contestant, process]) => {
        const ask = (milliseconds: number) =>
          process.ask<number>("throughput", optionsOf(workload, { port: server.ready, ca: null }, milliseconds));
        return { contestant, process, ask };
      });
      add(workload, await takeTurns(takes, quick, workload === clientWorkloads[0]));
    }
  }
  const ofClients = clientWorkloads.map(({ name }) => name);
  const [servers, clients] = [false, true].map((wanted) =>
    [...loads.values()].filter(({ rate }) => ofClients.includes(rate.name) === wanted),
  );
  return {
    measures: [...measuresOf([...loads.values()]), ...(await measureMemory(quick, progress))],
    notes: [
      go.program === undefined ? `grpc-go is excluded: ${versions}.` : `Go: ${versions}, with one processor and one stream worker.`,
      "The engine's client loads the servers. A call costs it about as much as the engine's server, and a third of h2load. Clients call the engine's server.",
      "1 MiB: four calls in flight on one connection, made by the client of the same stack, and by the engine's for grpc-go. Idle streams: a hundred per connection, whose memory is included.",
      ...waitingNote(servers ?? [], "server"),
      ...waitingNote(clients ?? [], "client"),
    ],
  };
}

const optionsOf = ({ exchange, inFlight, connections }: EchoWorkload, target: Target, milliseconds: number): Exchanges => ({
  ...target,
  exchange,
  inFlight,
  connections,
  milliseconds,
});

interface Take {
  readonly contestant: Contestant;
  /** The process to measure. */
  readonly process: Process<unknown>;
  /** Exchanges per second. */
  readonly ask: (milliseconds: number) => Promise<number>;
}

async function takeTurns(takes: readonly Take[], quick: boolean, first: boolean): Promise<Record<string, Sample[]>> {
  for (const { ask } of takes) await ask(warmUpMs({ quick }, first));
  const turns = takes.map(({ contestant, process, ask }) => {
    return [contestant, () => watch(process, milliseconds, () => ask(milliseconds))] as const;
  });
  return alternate(Object.fromEntries(turns), takesPerStart);
}

interface EchoServer {
  readonly process: Process<unknown>;
  readonly port: number;
  readonly versions?: string;
}

/** Starts all available servers: plain TCP has no TLS, and Go may not be installed. */
async function startServers(stack: AsyncDisposableStack, tls: TlsFiles | null, { program }: Built): Promise<Map<Contestant, EchoServer>> {
  const servers = new Map<Contestant, EchoServer>();
  for (const contestant of ["engine", "node:http2", "net"] as const) {
    if (contestant === "net" && tls !== null) continue;
    const process = stack.use(await start<number>("server", `echoes/${contestants[contestant]}/server.js`, tls));
    servers.set(contestant, { process, port: process.ready });
  }
  if (program === undefined) return servers;
  const process = stack.use(await start<GrpcGo>("server", "peers/grpc-go/server.js", { program, tls }));
  servers.set("grpc-go", { process, ...process.ready });
  return servers;
}

async function startDrivers(stack: AsyncDisposableStack): Promise<Map<Contestant, Process<null>>> {
  const drivers = new Map<Contestant, Process<null>>();
  for (const contestant of ["engine", "node:http2", "net"] as const)
    drivers.set(contestant, stack.use(await start<null>("load", "echoes/client-process.js", contestants[contestant])));
  return drivers;
}

/** Memory of a server for each of many idle streams, in bytes, after garbage collection. */
async function measureMemory(quick: boolean, progress: Run["progress"]): Promise<Measure[]> {
  const streams = quick ? 1000 : 10_000;
  const rounds = quick ? 1 : 6;
  const samples: Record<keyof Memory, Samples> = { heap: {}, resident: {} };
  const take = async (contestant: (typeof memoryContestants)[number]) => {
    await using server = await start<number>("server", `echoes/${contestants[contestant]}/server.js`, null);
    await using driver = await start<null>("load", "echoes/client-process.js", "engine");
    const target = { port: server.ready, ca: null };
    // Excludes the memory of the first streams, which initialize the server.
    await driver.ask("hold", { ...target, streams: 200 });
    await driver.ask("release");
    await delay(100);
    const before = await server.ask<Memory>("memory");
    await driver.ask("hold", { ...target, streams });
    const after = await server.ask<Memory>("memory");
    // New objects may use memory that was free before. A ratio needs at least one byte.
    for (const key of ["heap", "resident"] as const)
      append(samples[key], { [contestant]: [Math.max(1, (after[key] - before[key]) / streams)] });
  };
  await alternate(Object.fromEntries(memoryContestants.map((contestant) => [contestant, () => take(contestant)])), rounds, (round) =>
    progress(`${streams} idle streams, round ${round + 1}/${rounds}`),
  );
  return (["heap", "resident"] as const).map((key) => ({
    name: memoryNames[key],
    unit: "bytes",
    better: "less",
    subject: engine,
    samples: samples[key],
  }));
}
