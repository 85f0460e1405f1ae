// The group `server`: every stack serves the same calls under the same load.
import { alternate } from "../measure/alternate.ts";
import { buildGrpcGo } from "../peers/grpc-go/build.ts";
import type { TlsFiles } from "../peers/peer.ts";
import { methodsOf, type PeerName, type StartedServer, startGrpcGo, startServer } from "../peers/peers.ts";
import { watch } from "../process/clock.ts";
import { start } from "../process/start.ts";
import { makeCertificates } from "./certificates.ts";
import { type Group, type Outcome, type Run, warmUpMs } from "./group.ts";
import { Load, measuresOf, waitingNote } from "./load.ts";
import { tlsWorkloads, type Workload, workloads } from "./workloads.ts";

export const server: Group = {
  name: "server",
  about:
    "Calls or messages per second that a server handles on one core. The limits are `engine`, which is packages/http2, and `node:http2`, which is Node's HTTP/2, both without gRPC and with prepared responses; and `grpc-js` and `grpc-go`, whose messages are bytes.",
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
  const loads: Load[] = [];
  let versions = go.reason ?? "";
  for (const [security, tls, wanted] of [
    ["plaintext", null, workloads],
    ["TLS", certificates, tlsWorkloads],
  ] as const) {
    const measured = wanted.map((workload): [Workload, Load] => [workload, new Load(`${workload.name}, ${security}`, workload.unit)]);
    loads.push(...measured.map(([, load]) => load));
    for (let i = 1; i <= starts; i++) {
      const about = `${security}, start ${i}/${starts}`;
      await using stack = new AsyncDisposableStack();
      progress(`${about}: starting the servers`);
      const driver = stack.use(await start<null>("load", "load/process.js"));
      const grpcGo = await startGrpcGo(stack, go, tls);
      versions = grpcGo?.versions ?? versions;
      const servers = await startServers(stack, wanted, tls, grpcGo);
      const ca = tls?.ca ?? null;
      for (const [peer, { port }] of servers) await driver.ask("check", { port, ca, methods: methodsOf(peer) });
      for (const [place, [{ name, method, perCall, inFlight, connections, servers: contestants }, load]] of measured.entries()) {
        const takes = contestants.flatMap((peer) => {
          const server = servers.get(peer);
          if (server === undefined) return [];
          const ask = async (milliseconds: number) => {
            const rate = await driver.ask<number>("calls", { port: server.port, ca, method, connections, inFlight, milliseconds });
            // Ping-pong counts its responses during the call.
            return method === "Chat" ? rate : perCall * rate;
          };
          return [{ peer, process: server.process, ask }];
        });
        progress(`${about}: ${name}`);
        for (const { ask } of takes) await ask(warmUpMs({ quick }, place === 0));
        const turns = takes.map(({ peer, process, ask }) => {
          return [peer, () => watch(process, milliseconds, () => ask(milliseconds))] as const;
        });
        load.add(await alternate(Object.fromEntries(turns), takesPerStart));
      }
    }
  }
  return {
    measures: measuresOf(loads),
    notes: [
      "Loaded by the engine's client, which makes at least as many calls per second as `engine` handles.",
      go.program === undefined ? `grpc-go is excluded: ${versions}.` : `Go: ${versions}, with one processor and one stream worker.`,
      ...waitingNote(loads, "server"),
    ],
  };
}

/** Starts the contestants of some workloads. */
async function startServers(
  stack: AsyncDisposableStack,
  wanted: readonly Workload[],
  tls: TlsFiles | null,
  grpcGo: StartedServer | undefined,
): Promise<Map<PeerName, StartedServer>> {
  const servers = new Map<PeerName, StartedServer>();
  for (const peer of new Set(wanted.flatMap(({ servers }) => servers))) {
    const server = peer === "grpc-go" ? grpcGo : await startServer(stack, peer, tls);
    if (server !== undefined) servers.set(peer, server);
  }
  return servers;
}
