// The drain sequence: two servers behind a name are replaced one after another, as a Deployment of
// Kubernetes does, under unary calls and streams.
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { UserService } from "@grpc-study/proto/shop";
import { createChannel, createClient } from "@grpc-study/rpc";
import { Load } from "../test/faults/load.ts";
import { type Exit, Process } from "../test/harness/process.ts";
import { until } from "../test/harness/until.ts";
import { ChangingName } from "./name.ts";
import { Streams } from "./streams.ts";

export interface DrainOptions {
  readonly callsPerSecond: number;
  readonly streams: number;
  /** How long each phase without changes takes, in milliseconds. */
  readonly calmMs: number;
  /** The time between the change of the name and SIGTERM, in milliseconds: preStop. */
  readonly preStopMs: number;
  /** The grace of each server, in milliseconds. */
  readonly graceMs: number;
}

export interface Phase {
  readonly name: string;
  readonly tookMs: number;
  /** Unary calls that ended in this phase, by status code. */
  readonly codes: Readonly<Record<string, number>>;
  /** Unary calls that ended in this phase, by server. */
  readonly servers: Readonly<Record<string, number>>;
  /** The streams that ended in this phase because their server stopped. */
  readonly told: number;
}

export interface DrainReport {
  readonly phases: readonly Phase[];
  readonly failures: readonly string[];
  readonly exits: Readonly<Record<string, Exit>>;
  /** The servers of the streams at the end. */
  readonly streamServers: ReadonlyMap<string, number>;
  readonly messages: number;
}

const hosts = { a: "127.0.0.2", b: "127.0.0.3", c: "127.0.0.4", d: "127.0.0.5" } as const;
type Name = keyof typeof hosts;

export async function drain(options: DrainOptions, onPhase: (phase: Phase) => void = () => {}): Promise<DrainReport> {
  await using stack = new AsyncDisposableStack();
  const name = stack.use(new ChangingName("shop.drain.test"));
  const running = new Map<Name, Process>();
  let port = "0";
  const start = async (server: Name) => {
    const file = fileURLToPath(new URL("server.ts", import.meta.url));
    const started = stack.use(new Process(process.execPath, [file, server, hosts[server], port, String(options.graceMs)]));
    port = await started.stdout.line(() => true);
    running.set(server, started);
  };
  const list = (...servers: readonly Name[]) => {
    name.addresses = servers.map((server) => hosts[server]);
  };
  const exits: Record<string, Exit> = {};

  await start("a");
  await start("b");
  list("a", "b");
  const channel = stack.use(
    createChannel(`dns:shop.drain.test:${port}`, {
      balancing: "round_robin",
      healthCheck: { service: UserService.typeName },
      dnsRefreshMs: 200,
      // GetUserScore may run twice.
      methods: [{ service: UserService, method: "getUserScore", retry: { codes: ["UNAVAILABLE"], maxAttempts: 4 } }],
    }),
  );
  const client = createClient(UserService, channel);
  let servers: Record<string, number> = {};
  const onHeader = (header: { get(key: string): string | undefined }) => {
    const server = header.get("x-server") ?? "none";
    servers[server] = (servers[server] ?? 0) + 1;
  };
  await channel.connect();
  const load = new Load(options.callsPerSecond, () => client.getUserScore({ users: [{ userId: 1 }] }, { onHeader }));
  /** Waits until each of these servers gets calls. */
  const serve = (...names: readonly Name[]) => until(() => names.every((one) => (servers[one] ?? 0) > 0));
  // The streams begin on both servers.
  await serve("a", "b");
  const streams = new Streams(channel, options.streams);
  const toldSoFar = () => [...streams.told.values()].reduce((sum, count) => sum + count, 0);

  const phases: Phase[] = [];
  const phase = async (title: string, run: () => Promise<void>) => {
    servers = {};
    const [beganMs, ended, told] = [performance.now(), load.ended.length, toldSoFar()];
    await run();
    const codes: Record<string, number> = {};
    for (const { code } of load.ended.slice(ended)) codes[code] = (codes[code] ?? 0) + 1;
    const done = { name: title, tookMs: performance.now() - beganMs, codes, servers: { ...servers }, told: toldSoFar() - told };
    phases.push(done);
    onPhase(done);
  };
  /** Ends a server, and waits until its streams have learnt of it. */
  const stop = async (server: Name) => {
    running.get(server)?.kill("SIGTERM");
    exits[server] = (await running.get(server)?.exit) as Exit;
    await until(() => !streams.servers.has(server));
  };
  const calm = async () => {
    await setTimeout(options.calmMs);
    await until(() => [...streams.servers.values()].reduce((sum, count) => sum + count, 0) === options.streams);
  };

  await phase("a and b", async () => {
    await calm();
  });
  await phase("c replaces a", async () => {
    await start("c");
    list("a", "b", "c");
    await serve("c");
    list("b", "c");
    await setTimeout(options.preStopMs);
    await stop("a");
  });
  await phase("b and c", async () => {
    await serve("b", "c");
    await calm();
  });
  // The name still lists the server when it gets SIGTERM, and after it has ended.
  await phase("d replaces b, the name is late", async () => {
    await start("d");
    list("b", "c", "d");
    await serve("d");
    await stop("b");
    await setTimeout(options.preStopMs);
    list("c", "d");
  });
  await phase("c and d", async () => {
    await serve("c", "d");
    await calm();
  });
  const streamServers = streams.servers;
  await Promise.all([load.stop(), streams.stop()]);
  const failed = load.ended.filter(({ code }) => code !== "OK").map(({ code, message }) => `${code}: ${message}`);
  return { phases, failures: [...new Set([...failed, ...streams.failures])], exits, streamServers, messages: streams.messages };
}
