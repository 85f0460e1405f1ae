// The health of the gateway, which is that of its upstreams.
import { type Channel, Code, createClient, RpcError } from "@grpc-study/rpc";
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "@grpc-study/rpc/health";
import type { OwnHandler } from "./own-paths.ts";
import type { CheckedServer } from "./upstreams.ts";

/** Milliseconds for which a result is cached. */
const freshMs = 1000;
/** Time limit for a health check, in milliseconds. */
const timeoutMs = 2000;

interface Result {
  readonly name: string | undefined;
  readonly status: string;
}

/**
 * Asks an upstream for the health of a service. An upstream that responds without a health service is
 * SERVING. `undefined` if it does not respond.
 *
 * @param service the name of the service, or empty for the server as a whole.
 * @throws RpcError NOT_FOUND if the health service does not know the service.
 */
export async function healthOf(channel: Channel, service: string): Promise<ServingStatus | undefined> {
  try {
    return (await createClient(Health, channel).check({ service }, { timeoutMs })).status;
  } catch (error) {
    const { code } = RpcError.from(error);
    if (code === Code.NOT_FOUND) throw error;
    return code === Code.UNIMPLEMENTED ? ServingStatus.SERVING : undefined;
  }
}

/** The health of all upstreams, which are asked at most once a second. */
export class UpstreamsHealth {
  readonly #servers: readonly CheckedServer[];
  #checkedAt = Number.NEGATIVE_INFINITY;
  #results: Promise<readonly Result[]> | undefined;

  constructor(servers: readonly CheckedServer[]) {
    this.#servers = servers;
  }

  /** The upstreams that are not SERVING. */
  async unhealthy(): Promise<readonly Result[]> {
    const now = performance.now();
    if (this.#results === undefined || now - this.#checkedAt > freshMs) {
      this.#checkedAt = now;
      this.#results = Promise.all(this.#servers.map(check));
    }
    return (await this.#results).filter(({ status }) => status !== "SERVING");
  }
}

async function check({ channel, name, missing }: CheckedServer): Promise<Result> {
  if (missing) return { name, status: "UNAVAILABLE" };
  const status = await healthOf(channel, "").catch(() => undefined);
  return { name, status: status === undefined ? "UNAVAILABLE" : (ServingStatus[status] ?? "UNKNOWN") };
}

/**
 * Answers the health check. It returns 200 while each upstream reports SERVING, or responds without
 * a health service, and 503 otherwise, with the status of the first unhealthy upstream, and the
 * names of all unhealthy ones.
 */
export function healthHandler(health: UpstreamsHealth): OwnHandler {
  return async (exchange) => {
    // Monitoring asks every few seconds.
    exchange.silent = true;
    const unhealthy = await health.unhealthy();
    const named = unhealthy.flatMap(({ name, status }) => (name === undefined ? [] : [[name, status] as const]));
    exchange.headers["cache-control"] = "no-store";
    exchange.headers["content-type"] = "application/json";
    exchange.send(
      unhealthy.length === 0 ? 200 : 503,
      JSON.stringify({ status: unhealthy[0]?.status ?? "SERVING", ...(named.length > 0 && { upstreams: Object.fromEntries(named) }) }),
    );
  };
}
