// A run of the command, from its arguments to its last signal.
import { constants } from "node:os";
import { join } from "node:path";
import type { Logger } from "pino";
import { CertificatesError, ensureCertificates } from "./certs/index.ts";
import type { ServeRequest } from "./cli.ts";
import { hasColour } from "./colour.ts";
import type { Companion, Neighbours, RunningCompanion } from "./companion.ts";
import { createLogger } from "./logging.ts";
import { type Serving, StartError, serve, type TlsFiles } from "./serve.ts";
import { formatTable } from "./table.ts";
import { readUsers, UsersError } from "./users.ts";

/** Serves until a signal comes. Sets the process's exit status: 1 if the topics, or what is served beside them, could not be started. */
export async function run(request: ServeRequest, companions: readonly Companion[] = []): Promise<void> {
  const { topics, host, port, security } = request;
  const log = createLogger(request.logLevel);
  let serving: Serving;
  try {
    const users = readUsers(request.users);
    let tls: TlsFiles | undefined;
    const files = async () => {
      tls = await findCertificates(request, log);
      return tls;
    };
    serving = await serve(topics, { host, port, security, users, tls: files, log });
    serving = await accompany(serving, companions, { host, port, certs: request.certs, tls, log });
  } catch (error) {
    if (!(error instanceof StartError || error instanceof UsersError || error instanceof CertificatesError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = 1;
    return;
  }

  let stopping = false;
  const stop = async (signal: "SIGINT" | "SIGTERM") => {
    if (stopping) process.exit(128 + constants.signals[signal]);
    stopping = true;
    log.info("shutting down; a second signal ends it at once");
    await serving.shutdown();
    // Nothing is left to do: the process ends by itself, once the log is written.
    log.info("stopped");
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);

  // Whoever reads the table may leave, as `head -1` does; that is no reason to stop serving.
  process.stdout.on("error", () => {});
  process.stdout.write(formatTable(serving.endpoints, { colour: hasColour(process.stdout) }));
}

/** Starts what is served beside the topics. If one cannot be, all are ended. */
async function accompany(serving: Serving, companions: readonly Companion[], around: Omit<Neighbours, "endpoints">): Promise<Serving> {
  const running: RunningCompanion[] = [];
  const shutdown: Serving["shutdown"] = async (options) => {
    // Those that call others first.
    await Promise.all(running.map((companion) => companion.shutdown()));
    await serving.shutdown(options);
  };
  for (const { topic, start } of companions) {
    const endpoints = serving.endpoints.filter((endpoint) => endpoint.topic === topic);
    if (endpoints.length === 0) continue;
    try {
      running.push(await start({ ...around, endpoints }));
    } catch (error) {
      await shutdown({ graceMs: 0 });
      if (!(error instanceof Error && "code" in error)) throw error;
      throw new StartError(`topic ${topic}: ${error.message}`, { cause: error });
    }
  }
  const endpoints = serving.endpoints.flatMap((endpoint, index, all) => {
    const last = all[index + 1]?.topic !== endpoint.topic;
    return last ? [endpoint, ...running.map((one) => one.endpoint).filter(({ topic }) => topic === endpoint.topic)] : [endpoint];
  });
  return { endpoints, shutdown };
}

/** The files that are named; otherwise those of the folder, which are made if there are none. */
async function findCertificates({ tlsCert, tlsKey, tlsCa, certs }: ServeRequest, log: Logger): Promise<TlsFiles> {
  const ca = tlsCa ?? join(certs, "ca.pem");
  if (tlsCert !== undefined && tlsKey !== undefined) return { cert: tlsCert, key: tlsKey, ca };
  const { made } = await ensureCertificates(certs);
  if (made) log.warn(`there were no certificates: made some for local use in ${certs}`);
  return { cert: join(certs, "server.pem"), key: join(certs, "server.key"), ca };
}
