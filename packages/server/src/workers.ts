// Several processes for one set of ports, so that all cores serve. The first process listens for none itself: it starts the others, starts those again
// that crash, and ends them all.
import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import type { Logger } from "pino";
import type { ServeRequest } from "./cli.ts";
import { type Endpoint, type Serving, StartError } from "./serve.ts";
import { prepareCertificates } from "./start.ts";

/** What a worker says once it serves, or why it cannot. */
type Report = { readonly endpoints: readonly Endpoint[] } | { readonly problem: string };

const shutdownMessage = "shut down";

/** Milliseconds before a worker that crashed soon after its start is started again; twice as long after each further one. */
const firstDelayMs = 100;
const longestDelayMs = 30_000;
/** A worker that lives so long has not crashed at its start; milliseconds. */
const settledMs = 5000;
/** How long a worker may take to shut down before it is killed, in milliseconds: more than it gives its calls. */
const killAfterMs = 15_000;
/** Young generation of a worker, in MB: a call's garbage does not live to be old. */
const semiSpaceMb = 32;

/**
 * Starts workers, and resolves once all serve.
 *
 * @throws StartError if one cannot.
 */
export async function supervise(request: ServeRequest, log: Logger): Promise<Serving> {
  // Before there are several that would all make them.
  await prepareCertificates(request, log);
  cluster.setupPrimary({ execArgv: [...process.execArgv, `--max-semi-space-size=${semiSpaceMb}`] });
  let stopping = false;
  let delayMs = firstDelayMs;

  const keep = (worker: Worker) => {
    const started = performance.now();
    worker.once("exit", (code, signal) => {
      if (stopping) return;
      delayMs = performance.now() - started > settledMs ? firstDelayMs : Math.min(delayMs * 2, longestDelayMs);
      log.error({ worker: worker.id, code, signal, delayMs }, "a worker has ended; its calls are lost, and another takes its place");
      setTimeout(() => {
        if (!stopping) keep(cluster.fork());
      }, delayMs).unref();
    });
  };
  const shutdown = async () => {
    stopping = true;
    await Promise.all(Object.values(cluster.workers ?? {}).map((worker) => worker && end(worker)));
  };

  const first = Array.from({ length: request.workers }, () => cluster.fork());
  try {
    const [endpoints = []] = await Promise.all(first.map(serving));
    first.forEach(keep);
    return { endpoints, shutdown };
  } catch (error) {
    await shutdown();
    throw error;
  }
}

/** What a worker serves, once it does. */
async function serving(worker: Worker): Promise<readonly Endpoint[]> {
  const report = new Promise<Report>((resolve) => {
    worker.once("message", resolve);
    worker.once("exit", () => resolve({ problem: "a worker ended before it served" }));
  });
  const answer = await report;
  if ("problem" in answer) throw new StartError(answer.problem);
  return answer.endpoints;
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
  const report = (message: Report) => process.send?.(message);
  let serving: Serving | undefined;
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await serving?.shutdown();
    if (process.connected) process.disconnect();
  };
  // A terminal tells all processes of Ctrl-C; the first one tells this one what follows from that.
  process.on("SIGINT", () => {});
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
    report({ endpoints: serving.endpoints });
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    report({ problem: error.message });
  }
}
