// Starts what a run serves: finds users, certificates and transport, then starts the topics.
import { join } from "node:path";
import { methodPath } from "@grpc-study/rpc";
import { Health } from "@grpc-study/rpc/health";
import { ServerReflection } from "@grpc-study/rpc/reflection";
import { FolderError, storeLocation } from "@grpc-study/store/location";
import type { Logger } from "pino";
import { usesTls } from "./access.ts";
import { CertificatesError, ensureCertificates } from "./certs/index.ts";
import type { ServeRequest } from "./cli.ts";
import { ProcessStore } from "./data/store-source.ts";
import { ProcessLive } from "./live/live-source.ts";
import { liveLocation } from "./live/location.ts";
import { type Serving, serve } from "./serve.ts";
import { noSources } from "./sources.ts";
import { StartError } from "./start-error.ts";
import type { CallTelemetry } from "./telemetry.ts";
import type { TlsFiles } from "./tls-files.ts";
import { listenersOf, type Topic } from "./topic.ts";
import { topics as allTopics } from "./topics.ts";
import { loadTransport } from "./transport.ts";
import { UsersError, watchUsers } from "./users.ts";

/** @throws StartError if a topic cannot be served. */
export async function start(request: ServeRequest, log: Logger, telemetry?: CallTelemetry): Promise<Serving> {
  const { topics, host, port, security, front, admin } = request;
  try {
    const users = watchUsers(request.users, { methods: allMethods(topics, log), log });
    const transport = await loadTransport(request.transport);
    const tls = () => findCertificates(request, log);
    const store = topics.some(({ keepsData }) => keepsData)
      ? new ProcessStore(storeLocation(request), log, { natsUrl: request.nats })
      : undefined;
    const location = topics.some(({ usesLive }) => usesLive) ? liveLocation(request) : undefined;
    const live = location === undefined ? undefined : new ProcessLive(location, log);
    return await serve(topics, { host, port, security, users, tls, transport, front, admin, telemetry, store, live, log });
  } catch (error) {
    throw startError(error);
  }
}

/**
 * The methods that a users file may name. One file covers all topics, whichever of them are served.
 */
function allMethods(topics: readonly Topic[], log: Logger): string[] {
  const all = new Set([...topics, ...allTopics]);
  const services = [...all].flatMap((topic) => topic.services(log, noSources).map(({ service }) => service));
  const paths = [Health, ServerReflection, ...services].flatMap(({ methods }) => methods.map(methodPath));
  return [...paths, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"];
}

/** Makes the certificates that a listener needs, if the folder has none. @throws StartError */
export async function prepareCertificates(request: ServeRequest, log: Logger): Promise<void> {
  const listeners = request.topics.flatMap((topic) => listenersOf(topic, request.security));
  if (!listeners.some(({ security }) => usesTls(security))) return;
  try {
    await findCertificates(request, log);
  } catch (error) {
    throw startError(error);
  }
}

/** The files that the request names, or those of the folder. Makes the folder's if it has none. */
async function findCertificates({ tlsCert, tlsKey, tlsCa, certs }: ServeRequest, log: Logger): Promise<TlsFiles> {
  const ca = tlsCa ?? join(certs, "ca.pem");
  const client = { cert: join(certs, "client.pem"), key: join(certs, "client.key") };
  if (tlsCert !== undefined && tlsKey !== undefined) return { cert: tlsCert, key: tlsKey, ca, client };
  const { made } = await ensureCertificates(certs);
  if (made) log.warn(`there were no certificates: made some for local use in ${certs}`);
  return { cert: join(certs, "server.pem"), key: join(certs, "server.key"), ca, client };
}

function startError(error: unknown): unknown {
  const expected = error instanceof UsersError || error instanceof CertificatesError || error instanceof FolderError;
  return expected ? new StartError(error.message, { cause: error }) : error;
}
