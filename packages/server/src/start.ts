// Starts what a run serves: the topics, and what stands beside them.
import { join } from "node:path";
import { methodPath } from "@grpc-study/rpc";
import { Health } from "@grpc-study/rpc/health";
import { ServerReflection } from "@grpc-study/rpc/reflection";
import type { Logger } from "pino";
import { usesTls } from "./access.ts";
import { CertificatesError, ensureCertificates } from "./certs/index.ts";
import type { ServeRequest } from "./cli.ts";
import type { Companion, Neighbours, RunningCompanion } from "./companion.ts";
import { type Serving, StartError, serve, type TlsFiles } from "./serve.ts";
import type { Topic } from "./topic.ts";
import { topics as allTopics } from "./topics.ts";
import { loadTransport } from "./transport.ts";
import { UsersError, watchUsers } from "./users.ts";

/** @throws StartError if it cannot be served. */
export async function start(request: ServeRequest, companions: readonly Companion[], log: Logger): Promise<Serving> {
  const { topics, host, port, security } = request;
  let tls: TlsFiles | undefined;
  const files = async () => {
    tls = await findCertificates(request, log);
    return tls;
  };
  try {
    const users = watchUsers(request.users, { methods: allMethods(topics, log), log });
    const transport = await loadTransport(request.transport);
    const serving = await serve(topics, { host, port, security, users, tls: files, transport, log });
    return await accompany(serving, companions, { host, port, certs: request.certs, tls, log });
  } catch (error) {
    if (error instanceof UsersError || error instanceof CertificatesError) throw new StartError(error.message, { cause: error });
    throw error;
  }
}

/** What users may be named for: one file is for all topics, whichever of them are served. */
function allMethods(topics: readonly Topic[], log: Logger): string[] {
  const all = new Set([...topics, ...allTopics]);
  const services = [...all].flatMap((topic) => topic.services(log).map(({ service }) => service));
  const paths = [Health, ServerReflection, ...services].flatMap(({ methods }) => methods.map(methodPath));
  return [...paths, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"];
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

/** Makes the certificates that some listener needs, if there are none. @throws StartError */
export async function prepareCertificates(request: ServeRequest, log: Logger): Promise<void> {
  const { topics, security } = request;
  const securities =
    security === undefined ? topics.flatMap(({ listeners }) => listeners.map((listener) => listener.security)) : [security];
  if (!securities.some(usesTls)) return;
  try {
    await findCertificates(request, log);
  } catch (error) {
    if (error instanceof CertificatesError) throw new StartError(error.message, { cause: error });
    throw error;
  }
}

/** The files that are named; otherwise those of the folder, which are made if there are none. */
async function findCertificates({ tlsCert, tlsKey, tlsCa, certs }: ServeRequest, log: Logger): Promise<TlsFiles> {
  const ca = tlsCa ?? join(certs, "ca.pem");
  if (tlsCert !== undefined && tlsKey !== undefined) return { cert: tlsCert, key: tlsKey, ca };
  const { made } = await ensureCertificates(certs);
  if (made) log.warn(`there were no certificates: made some for local use in ${certs}`);
  return { cert: join(certs, "server.pem"), key: join(certs, "server.key"), ca };
}
