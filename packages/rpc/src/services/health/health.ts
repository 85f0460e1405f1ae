// The health service, grpc.health.v1
// (https://github.com/grpc/grpc/blob/master/doc/health-checking.md).
import { type HealthCheckRequest, HealthCheckResponse_ServingStatus as Status } from "../../../gen/grpc/health/v1/health_pb.js";
import { checkString, wrongType } from "../../checks.ts";
import { Code } from "../../protocol/code.ts";
import { RpcError } from "../../protocol/error.ts";

/** The status of a service. The server itself reports `SERVICE_UNKNOWN`, and only to watchers. */
export type ServingStatus = "UNKNOWN" | "SERVING" | "NOT_SERVING";

const servingStatuses: ReadonlySet<string> = new Set<ServingStatus>(["UNKNOWN", "SERVING", "NOT_SERVING"]);

/** The status of each service by its full name. `""` stands for the server as a whole. */
export class HealthStatuses {
  readonly #statuses = new Map<string, Status>([["", Status.SERVING]]);
  readonly #watchers = new Set<() => void>();
  #shutdown = false;

  /**
   * Sets the status of a service and notifies its watchers. After a shutdown, every status stays
   * NOT_SERVING.
   *
   * @throws TypeError for an unknown status.
   */
  set(service: string, status: ServingStatus): void {
    checkString("service", service);
    if (!servingStatuses.has(status)) throw wrongType("status", "UNKNOWN, SERVING or NOT_SERVING", status);
    this.#statuses.set(service, this.#shutdown ? Status.NOT_SERVING : Status[status]);
    for (const wake of this.#watchers) wake();
  }

  /** Returns undefined if the status has never been set. */
  get(service: string): Status | undefined {
    return this.#statuses.get(checkString("service", service));
  }

  entries(): Iterable<[service: string, status: Status]> {
    return this.#statuses.entries();
  }

  /** Sets every status to NOT_SERVING, permanently. */
  shutdown(): void {
    this.#shutdown = true;
    for (const service of this.#statuses.keys()) this.set(service, "NOT_SERVING");
  }

  /** Resolves at the next `set`, or when `signal` aborts. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#watchers.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#watchers.add(wake);
      signal.addEventListener("abort", wake);
      if (signal.aborted) wake();
    });
  }
}

/** The handlers of `grpc.health.v1.Health`. */
export function healthHandlers(statuses: HealthStatuses) {
  return {
    check({ service }: HealthCheckRequest) {
      const status = statuses.get(service);
      if (status === undefined) throw new RpcError(Code.NOT_FOUND, `unknown service "${service}"`);
      return { status };
    },
    async *watch({ service }: HealthCheckRequest, { signal }: { readonly signal: AbortSignal }) {
      let sent: Status | undefined;
      for (;;) {
        const status = statuses.get(service) ?? Status.SERVICE_UNKNOWN;
        if (status !== sent) {
          sent = status;
          yield { status };
        } else {
          signal.throwIfAborted();
          await statuses.changed(signal);
        }
      }
    },
    list: () => ({ statuses: Object.fromEntries([...statuses.entries()].map(([service, status]) => [service, { status }])) }),
  };
}
