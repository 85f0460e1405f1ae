// Several processes for one set of ports, so that all cores serve. The first process listens for none itself: it starts the others, starts those again
// that end, and ends them all.
import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import type { Logger } from "pino";
import type { ServeRequest } from "./cli.ts";
import { freePorts } from "./free-ports.ts";
import { type Endpoint, type Serving, StartError } from "./serve.ts";
import { prepareCertificates } from "./start.ts";

/** What a worker says once it serves, or why it cannot. */
type Report = { readonly endpoints: readonly Endpoint[] } | { readonly problem: string };

const shutdownMessage = "shut down";

/** Milliseconds before a worker that ended is started again; twice as long after each further end. Half of it is left to chance. */
const firstDelayMs = 100;
const longestDelayMs = 10_000;
/** A worker that has served for so long has not failed; milliseconds. */
const settledMs = 5000;
/** How many times in a row a worker may fail: end before it serves, or soon after. */
const mostFailures = 8;
/** How long a worker may take to serve before it is killed, in milliseconds. */
const startMs = 30_000;
/** How long a worker may take to shut down before it is killed, in milliseconds: more than it gives its calls. */
const killAfterMs = 15_000;
/** Young generation of a worker, in MB: a call's garbage does not live to be old. */
const semiSpaceMb = 32;

/** What a supervisor needs to know of the run around it. */
export interface SuperviseOptions {
  readonly log: Logger;
  /** How many ports there are beside those of the listeners: what stands beside the topics. */
  readonly companions: number;
  /** Called once if workers keep failing. All others have been ended by then. */
  readonly onFailure: (error: StartError) => void;
}

/**
 * Starts workers, and resolves once all serve. From then on, one that ends is started again.
 *
 * @throws StartError if one cannot serve.
 */
export async function supervise(request: ServeRequest, { log, companions, onFailure }: SuperviseOptions): Promise<Serving> {
  // Before there are several that would all make them.
  await prepareCertificates(request, log);
  cluster.setupPrimary({
    execArgv: [...process.execArgv, `--max-semi-space-size=${semiSpaceMb}`],
    args: await argumentsOf(request, companions),
  });
  let stopping = false;
  const delays = new Set<NodeJS.Timeout>();

  const shutdown = async () => {
    stopping = true;
    for (const delay of delays) clearTimeout(delay);
    await Promise.all(Object.values(cluster.workers ?? {}).map((worker) => worker && end(worker)));
  };

  /** Keeps one worker's place filled. */
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
        const problem = `a worker has failed ${failures} times in a row, the last time since it ${cause}`;
        await shutdown();
        onFailure(new StartError(problem));
        return;
      }
      const delayMs = Math.round(Math.min(firstDelayMs * 2 ** (failures - 1), longestDelayMs) * (0.5 + Math.random() / 2));
      log.error({ worker: worker.id, delayMs }, `a worker has ended: it ${cause}; its calls are lost, and another takes its place`);
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
      if (since !== undefined) log.info({ worker: worker.id }, "a worker serves in its place");
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

/** Port 0 would be another one each time that no worker is left: workers get a number instead. */
async function argumentsOf({ host, port, topics, security }: ServeRequest, companions: number): Promise<string[]> {
  const given = process.argv.slice(2);
  if (port !== 0) return given;
  const listeners = security === undefined ? (topics[0]?.listeners.length ?? 1) : 1;
  return [...given, "--port", String(await freePorts(host, listeners + companions))];
}

/** Why a worker that does not serve ends: it has said so. */
const problems = new WeakMap<Worker, string>();

/** What a worker serves, once it does. @throws StartError with what hinders it; it is about to end then. */
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
  problems.set(worker, `cannot serve: ${answer.problem}`);
  throw new StartError(answer.problem);
}

/** Resolves with the cause once a worker has ended: "was killed by SIGKILL". */
async function ended(worker: Worker): Promise<string> {
  if (!worker.isDead()) await once(worker, "exit");
  const { exitCode, signalCode } = worker.process;
  return problems.get(worker) ?? (signalCode === null ? `exited with status ${exitCode}` : `was killed by ${signalCode}`);
}

async function end(worker: Worker): Promise<void> {
  if (worker.isDead()) return;
  const exit = once(worker, "exit");
  const timer = setTimeout(() => worker.process.kill("SIGKILL"), killAfterMs);
  // A signal to all of them, as systemd sends it, may have ended it just now: then there is nobody to tell.
  if (worker.isConnected()) worker.send(shutdownMessage, () => {});
  await exit;
  clearTimeout(timer);
}

/** Serves, for the process that started this one, and until it says otherwise. */
export async function serveAsWorker(start: () => Promise<Serving>): Promise<void> {
  let serving: Serving | undefined;
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    // One that is still about to serve has no call to finish.
    if (serving === undefined) process.exit();
    await serving.shutdown();
    if (process.connected) process.disconnect();
  };
  // A terminal tells all processes of Ctrl-C, and of its own end; the first one tells this one what follows from that.
  process.on("SIGINT", () => {}).on("SIGHUP", () => {});
  process.on("SIGTERM", stop);
  process.on("message", (message) => {
    if (message === shutdownMessage) void stop();
  });
  // The first process has gone, without a word.
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
