// The servers of a running gateway: reads their services, and applies changes of them and of the
// configuration.
import type { Logger } from "@grpc-study/log";
import { Code, RpcError, TlsFileError } from "@grpc-study/rpc";
import type { Config } from "../config/config.ts";
import { ConfigError } from "../config/read-config.ts";
import { DescriptorsError } from "../descriptors.ts";
import type { Gateway } from "../gateway.ts";
import { RuleError } from "../http-rule/rule.ts";
import type { GatewayUpstreams } from "../options.ts";
import { rulesOf } from "./rules.ts";
import { restartKeys, upstreamsOf } from "./settings.ts";
import { UpstreamServer, UsageError } from "./upstream-server.ts";
import { UpstreamWatch } from "./upstream-watch.ts";

/** A server, and its watch if its services are read by reflection. */
interface Entry {
  readonly server: UpstreamServer;
  readonly watch: UpstreamWatch | undefined;
}

export class LiveConfig {
  readonly #log: Logger;
  #config: Config;
  /** By everything that a channel depends on. */
  #entries: ReadonlyMap<string, Entry> = new Map();
  #gateway: Pick<Gateway, "update"> | undefined;
  /** The message of the last update that failed. */
  #rejected: string | undefined;
  #reloading: Promise<void> = Promise.resolve();
  #reloads = 0;
  #closed = false;
  #isReloading = false;
  /** Whether services have changed after `start` and before `attach`. */
  #changedBefore = false;

  /** @throws UsageError, TlsFileError */
  constructor(config: Config, log: Logger) {
    this.#config = config;
    this.#log = log;
    this.#entries = this.#open(config);
  }

  get servers(): UpstreamServer[] {
    return [...this.#entries.values()].map(({ server }) => server);
  }

  /**
   * Reads all services for the first time.
   *
   * @throws DescriptorsError, UsageError for a server that will not be found later either, or for
   *   any server with `requireUpstreams`.
   */
  async start(): Promise<void> {
    await this.#read(this.#entries);
    this.#changedBefore = false;
    for (const { server, watch } of this.#entries.values()) {
      const failure = watch?.failure;
      if (failure === undefined) continue;
      if (this.#config.requireUpstreams || !isTemporary(failure)) throw failure;
      this.#log.warn(`cannot read the services of ${server.name}, trying again: ${failure.message}`);
    }
  }

  /**
   * What the gateway serves.
   *
   * @throws RuleError, UsageError for invalid rules or services.
   */
  upstreams(): GatewayUpstreams {
    return upstreamsOf(this.servers, this.#config, rulesOf(this.#config));
  }

  /** Sends changes to a gateway from now on. */
  attach(gateway: Pick<Gateway, "update">): void {
    this.#gateway = gateway;
    if (this.#changedBefore) this.#apply();
  }

  /**
   * Applies another configuration, and reads all services again. Never rejects: a fault is logged, and
   * the gateway serves what it did.
   */
  reload(read: () => Config): Promise<void> {
    // One more reload sees what several would.
    if (this.#reloads >= 2) return this.#reloading;
    this.#reloads++;
    this.#reloading = this.#reloading
      .then(() => this.#reload(read))
      .finally(() => {
        this.#reloads--;
      });
    return this.#reloading;
  }

  close(): void {
    this.#closed = true;
    for (const entry of this.#entries.values()) closeEntry(entry);
  }

  async #reload(read: () => Config): Promise<void> {
    const before = { config: this.#config, entries: this.#entries, descriptors: this.servers.map(({ descriptors }) => descriptors) };
    let entries = before.entries;
    if (this.#closed) return;
    this.#isReloading = true;
    try {
      const config = read();
      entries = this.#open(config);
      await this.#read(entries);
      if (this.#closed) return closeOthers(entries, before.entries);
      this.#config = config;
      this.#entries = entries;
      this.#gateway?.update(this.upstreams());
      this.#rejected = undefined;
      this.#log.level = config.logLevel ?? "info";
      closeOthers(before.entries, entries);
      const keys = restartKeys(before.config, config);
      if (keys.length > 0) this.#log.warn(`${keys.join(", ")}: the change takes effect after a restart`);
      this.#log.info("reloaded");
    } catch (error) {
      if (!isFault(error)) throw error;
      this.#config = before.config;
      this.#entries = before.entries;
      closeOthers(entries, before.entries);
      for (const line of error.message.split("\n")) this.#log.error(`not reloaded: ${line}`);
    } finally {
      this.#isReloading = false;
    }
    // Services may have changed although the configuration is invalid.
    const isSame = this.servers.every(({ descriptors }, index) => descriptors === before.descriptors[index]);
    if (this.#entries === before.entries && !isSame) this.#apply();
  }

  /** Opens the servers of a configuration, unless they are open. @throws UsageError, TlsFileError */
  #open({ upstreams = [], limits = {}, refresh = Number.POSITIVE_INFINITY }: Config): ReadonlyMap<string, Entry> {
    const open = this.#entries;
    const entries = new Map<string, Entry>();
    try {
      for (const upstream of upstreams) {
        const key = JSON.stringify([upstream, limits.maxResponseBytes, String(refresh)]);
        if (entries.has(key)) throw new UsageError(`the server ${upstream.address} is there twice`);
        entries.set(key, open.get(key) ?? this.#openOne(new UpstreamServer(upstream, limits), refresh));
      }
    } catch (error) {
      closeOthers(entries, open);
      throw error;
    }
    return entries;
  }

  #openOne(server: UpstreamServer, refreshMs: number): Entry {
    const { name } = server;
    const events = {
      changed: () => this.#changed(server),
      lost: ({ message }: Error) => {
        if (this.#gateway === undefined) return;
        this.#log.warn(
          `${server.descriptors === undefined ? `cannot read the services of ${name}` : `${name} is down`}, trying again: ${message}`,
        );
      },
      found: () => {
        this.#log.info(`${name} is back`);
        // Calls need not wait for the next attempt.
        server.channel.connect().catch(() => {});
      },
    };
    return { server, watch: server.isReflected ? new UpstreamWatch(server, events, refreshMs) : undefined };
  }

  async #read(entries: ReadonlyMap<string, Entry>): Promise<void> {
    await Promise.all([...entries.values()].map(({ server, watch }) => watch?.refresh() ?? server.read()));
  }

  #changed({ name }: UpstreamServer): void {
    this.#changedBefore = this.#gateway === undefined;
    if (this.#gateway === undefined || this.#isReloading) return;
    if (this.#apply()) this.#log.info(`the services of ${name} have changed`);
  }

  /** Returns whether the gateway serves what the servers have. */
  #apply(): boolean {
    try {
      this.#gateway?.update(this.upstreams());
      this.#rejected = undefined;
      return true;
    } catch (error) {
      if (!isFault(error)) throw error;
      if (error.message !== this.#rejected) {
        for (const line of error.message.split("\n")) this.#log.error(`the changed services are not served: ${line}`);
      }
      this.#rejected = error.message;
      return false;
    }
  }
}

function closeEntry({ server, watch }: Entry): void {
  watch?.close();
  server.close();
}

function closeOthers(entries: ReadonlyMap<string, Entry>, kept: ReadonlyMap<string, Entry>): void {
  for (const [key, entry] of entries) if (kept.get(key) !== entry) closeEntry(entry);
}

/** Whether a server may be found later: it is down, or does not respond. */
function isTemporary({ cause }: Error): boolean {
  return cause instanceof RpcError && cause.code !== Code.UNIMPLEMENTED;
}

/** Whether the operator can fix an error. */
export function isFault(error: unknown): error is Error {
  return [UsageError, ConfigError, RuleError, DescriptorsError, TlsFileError].some((kind) => error instanceof kind);
}
