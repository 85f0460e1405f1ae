// Several processes share one set of ports, so that all cores serve. The first process is the
// supervisor: it does not listen itself, but starts the workers, replaces those that end, and ends
// them all.
import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import type { Logger } from "pino";
import type { ServeRequest } from "./cli.ts";
import type { Endpoint } from "./endpoint.ts";
import { freePorts } from "./free-ports.ts";
import { liveLocation } from "./live/location.ts";
import type { Serving } from "./serve.ts";
import { prepareCertificates } from "./start.ts";
import { StartError } from "./start-error.ts";
import { listenersOf } from "./topic.ts";

/** The message of a worker: what it serves, or why it cannot. */
type Report = { readonly endpoints: readonly Endpoint[] } | { readonly problem: string };

const shutdownMessage = "shut down";

/**
 * Milliseconds before the first replacement of a worker. Each further failure doubles them; half of
 * the delay is random.
 */
const firstDelayMs = 100;
const longestDelayMs = 10_000;
/**
 * A worker that has served for so many milliseconds has recovered: its next end counts as its first
 * failure.
 */
const settledMs = 5000;
/**
 * The number of failures in a row that end the command. A worker fails when it ends before
 * `settledMs`.
 */
const mostFailures = 8;
/** Milliseconds until a worker that does not serve yet is killed. */
const startMs = 30_000;
/**
 * Milliseconds until a worker that shuts down is killed: more than the grace period of its calls.
 */
const killAfterMs = 15_000;
/**
 * Size of a worker's young generation in MB. A large one keeps the short-lived objects of a call
 * out of the old generation.
 */
const semiSpaceMb = 32;

export interface SuperviseOptions {
  readonly log: Logger;
  /** Called once if a worker keeps failing. All workers have ended by then. */
  readonly onFailure: (error: StartError) => void;
}

/**
 * Starts workers, and resolves once all serve. From then on, a worker that ends is replaced.
 *
 * @throws StartError if a worker cannot serve.
 */
export async function supervise(request: ServeRequest, { log, onFailure }: SuperviseOptions): Promise<Serving> {
  // Here, so that the workers do not all make them.
  await prepareCertificates(request, log);
  const unshared = liveLocation(request) === undefined ? request.topics.flatMap(({ usesLive = [] }) => usesLive) : [];
  for (const { typeName } of unshared) {
    log.warn(
      `${typeName} is NOT_SERVING: its workers need a server that they share; name one with --nats (NATS_URL) or --database (DATABASE_URL)`,
    );
  }
  cluster.setupPrimary({
    execArgv: [...process.execArgv, `--max-semi-space-size=${semiSpaceMb}`],
    args: await argumentsOf(request),
  });
  let stopping = false;
  const delays = new Set<NodeJS.Timeout>();

  const shutdown = async () => {
    stopping = true;
    for (const delay of delays) clearTimeout(delay);
    await Promise.all(Object.values(cluster.workers ?? {}).map((worker) => worker && end(worker)));
  };

  /** Replaces a worker whenever it ends. */
  const keep = async (first: Worker, firstServing: number) => {
    let worker = first;
    let since: number | undefined = firstServing;
    let failures = 0;
    for (;;) {
      const cause = await ended(worker);
      if (stopping) return;
      const settled = since !== undefined && performance.now() - since > settledMs;
      failures = settled ? 1 : failures + 1;
      if (failures >= mostFailures) {
        const problem = `a worker failed ${failures} times in a row; the last time, it ${cause}`;
        await shutdown();
        onFailure(new StartError(problem));
        return;
      }
      const delayMs = Math.round(Math.min(firstDelayMs * 2 ** (failures - 1), longestDelayMs) * (0.5 + Math.random() / 2));
      log.error({ worker: worker.id, delayMs }, `a worker ended: it ${cause}; its calls are lost, and another worker takes its place`);
      await new Promise<void>((resolve) => {
        const delay: NodeJS.Timeout = setTimeout(() => {
          delays.delete(delay);
          resolve();
        }, delayMs);
        delays.add(delay);
      });
      worker = cluster.fork();
      since = await serving(worker).then(
        () => performance.now(),
        () => undefined,
      );
      if (since !== undefined) log.info({ worker: worker.id }, "a new worker serves in its place");
    }
  };

  const first = Array.from({ length: request.workers }, () => cluster.fork());
  try {
    const [endpoints = []] = await Promise.all(first.map(serving));
    const now = performance.now();
    for (const worker of first) void keep(worker, now);
    return { endpoints, shutdown };
  } catch (error) {
    await shutdown();
    throw error;
  }
}

/**
 * Returns the arguments of the workers. Port 0 becomes a number: a replacement must listen on the
 * same port.
 */
async function argumentsOf({ host, port, topics: [topic], security, front }: ServeRequest): Promise<string[]> {
  const given = process.argv.slice(2);
  if (port !== 0) return given;
  const ports = (topic === undefined ? 1 : listenersOf(topic, security).length) + (front === undefined ? 0 : 1);
  return [...given, "--port", String(await freePorts(host, ports))];
}

/** The reasons that workers gave before they ended. */
const problems = new WeakMap<Worker, string>();

/**
 * Resolves with what a worker serves.
 *
 * @throws StartError with the reason that the worker gives before it ends.
 */
async function serving(worker: Worker): Promise<readonly Endpoint[]> {
  const report = new Promise<Report>((resolve) => {
    worker.once("message", resolve);
    worker.once("exit", () => resolve({ problem: "a worker ended before it served" }));
  });
  const timer = setTimeout(() => {
    problems.set(worker, `did not serve within ${startMs / 1000} s`);
    worker.process.kill("SIGKILL");
  }, startMs);
  const answer = await report;
  clearTimeout(timer);
  if ("endpoints" in answer) return answer.endpoints;
  problems.set(worker, `could not serve: ${answer.problem}`);
  throw new StartError(answer.problem);
}

/** Resolves with the cause once a worker has ended, such as "was killed by SIGKILL". */
async function ended(worker: Worker): Promise<string> {
  if (!worker.isDead()) await once(worker, "exit");
  const { exitCode, signalCode } = worker.process;
  return problems.get(worker) ?? (signalCode === null ? `exited with status ${exitCode}` : `was killed by ${signalCode}`);
}

async function end(worker: Worker): Promise<void> {
  if (worker.isDead()) return;
  const exit = once(worker, "exit");
  const timer = setTimeout(() => worker.process.kill("SIGKILL"), killAfterMs);
  // systemd signals all processes at once: the worker may have ended just now, and the message
  // fails.
  if (worker.isConnected()) worker.send(shutdownMessage, () => {});
  await exit;
  clearTimeout(timer);
}

/** Serves as a worker until the supervisor sends the shutdown message. */
export async function serveAsWorker(start: () => Promise<Serving>): Promise<void> {
  let serving: Serving | undefined;
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    // A worker that does not serve yet has no calls to finish.
    if (serving === undefined) process.exit();
    await serving.shutdown();
    if (process.connected) process.disconnect();
  };
  // A terminal sends SIGINT and SIGHUP to all processes; the supervisor handles them and sends the
  // shutdown message.
  process.on("SIGINT", () => {}).on("SIGHUP", () => {});
  process.on("SIGTERM", stop);
  process.on("message", (message) => {
    if (message === shutdownMessage) void stop();
  });
  // The supervisor has ended without the shutdown message.
  process.on("disconnect", () => {
    if (!stopping) process.exit(1);
  });
  try {
    serving = await start();
    process.send?.({ endpoints: serving.endpoints } satisfies Report);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    stopping = true;
    process.send?.({ problem: error.message } satisfies Report, () => process.exit(1));
  }
}
