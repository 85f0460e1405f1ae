// Resolves the host name of a target, and repeats that at intervals.
import { lookup } from "node:dns";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import type { Address } from "../transport/connection.ts";
import { Backoff, type BackoffPolicy } from "./backoff.ts";
import type { HostPort } from "./target.ts";

/** Finds the IP addresses of a host. Rejects with a system error. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/**
 * Uses getaddrinfo rather than a DNS query. Like other programs on the machine, it therefore
 * respects /etc/hosts, search domains and mDNS, and sorts the addresses by RFC 6724.
 */
export const systemLookup: Lookup = (host) =>
  new Promise((resolve, reject) => {
    lookup(host, { all: true, order: "verbatim" }, (error, addresses) => {
      if (error === null) resolve(addresses.map(({ address }) => address));
      else reject(error);
    });
  });

/** Receives the results of a resolver. */
export interface ResolverOwner {
  onAddresses(addresses: readonly Address[]): void;
  /** Called only until the first success. The resolver retries after a back-off. */
  onResolveFailure(error: RpcError): void;
}

export interface ResolverSettings {
  readonly target: string;
  readonly lookup: Lookup;
  readonly backoff: BackoffPolicy;
  /** The interval between resolutions, in milliseconds. */
  readonly refreshMs: number;
}

/** The shortest time between two resolutions, in milliseconds. It limits `refresh`. */
const shortestMs = 1_000;

export class Resolver {
  readonly #host: HostPort;
  readonly #settings: ResolverSettings;
  readonly #owner: ResolverOwner;
  readonly #backoff: Backoff;
  #running = false;
  #resolving = false;
  #resolved = false;
  /** `performance.now()` when the last resolution began, and when the next is due. */
  #beganMs = Number.NEGATIVE_INFINITY;
  #dueMs = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(host: HostPort, settings: ResolverSettings, owner: ResolverOwner) {
    this.#host = host;
    this.#settings = settings;
    this.#owner = owner;
    this.#backoff = new Backoff(settings.backoff);
  }

  /** Resolves now, and at intervals until `stop`. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#resolve();
  }

  /** Resolves soon, because the addresses may be out of date. */
  refresh(): void {
    if (this.#running && !this.#resolving) this.#schedule(Math.min(this.#dueMs, Math.max(this.#beganMs + shortestMs, performance.now())));
  }

  stop(): void {
    this.#running = false;
    this.#resolved = false;
    this.#dueMs = Number.POSITIVE_INFINITY;
    clearTimeout(this.#timer);
  }

  #schedule(dueMs: number): void {
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    const ms = Math.min(Math.max(dueMs - performance.now(), 0), 2 ** 31 - 1);
    this.#timer = setTimeout(() => void this.#resolve(), ms).unref();
  }

  async #resolve(): Promise<void> {
    // A resolution that began before `stop` also serves the next `start`.
    if (this.#resolving) return;
    this.#resolving = true;
    this.#beganMs = performance.now();
    const { host } = this.#host;
    let hosts: readonly string[] = [];
    let failure: unknown = Object.assign(new Error(`no address found for ${host}`), { code: "ENODATA" });
    try {
      hosts = await this.#settings.lookup(host);
    } catch (error) {
      failure = error;
    }
    this.#resolving = false;
    if (!this.#running) return;
    if (hosts.length > 0) this.#found(hosts);
    else this.#failed(failure);
  }

  #found(hosts: readonly string[]): void {
    const { port } = this.#host;
    this.#resolved = true;
    this.#backoff.reset();
    this.#schedule(this.#beganMs + this.#settings.refreshMs);
    this.#owner.onAddresses(hosts.map((host) => ({ host, port })));
  }

  #failed(failure: unknown): void {
    // Known addresses stay in use while the name server is unavailable.
    if (this.#resolved) this.#schedule(this.#beganMs + this.#settings.refreshMs);
    else {
      this.#schedule(this.#beganMs + this.#backoff.next());
      this.#owner.onResolveFailure(resolveFailure(this.#settings.target, failure));
    }
  }
}

function resolveFailure(target: string, error: unknown): RpcError {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const cause = code === "EAI_AGAIN" ? "no name server responds" : "no such host";
  return new RpcError(Code.UNAVAILABLE, `cannot connect to ${target}: ${cause}`, { cause: error });
}
