// A server of the configuration: its channels, and its services.
import { readFileSync } from "node:fs";
import { fileProblem } from "@grpc-study/command/file-problem";
import { type Channel, type ChannelState, type ClientTls, createChannel } from "@grpc-study/rpc";
import type { Config, UpstreamConfig } from "../config/config.ts";
import { list } from "../config/list.ts";
import { type Descriptors, DescriptorsError, readDescriptors } from "../descriptors.ts";
import { selects } from "../http-rule/selector.ts";
import { reflectServices } from "../reflection.ts";

/** Maximum size of a reflection response, in bytes. */
const maxReflectionBytes = 64 * 1024 * 1024;

/** An error that the operator can fix. */
export class UsageError extends Error {
  static {
    UsageError.prototype.name = "UsageError";
  }
}

/** A server does not have a service that the configuration selects. */
export class UnknownServiceError extends UsageError {}

export class UpstreamServer {
  readonly config: UpstreamConfig;
  readonly limits: Config["limits"];
  /** The name in messages. */
  readonly name: string;
  readonly channel: Channel;
  /**
   * The channel for reflection. Descriptors are larger than responses, so it has its own limit. Only
   * this class connects it, so its state shows that the server has gone.
   */
  readonly #reflection: Channel | undefined;
  #descriptors: Descriptors | undefined;

  /** @throws UsageError for a malformed address, TlsFileError for an unusable certificate. */
  constructor(config: UpstreamConfig, limits: Config["limits"]) {
    this.config = config;
    this.limits = limits;
    this.name = config.name ?? config.address;
    this.channel = this.#open({});
    if (config.descriptors === undefined) this.#reflection = this.#open({ pool: false, minResponseBytes: maxReflectionBytes });
  }

  /** The services and types. `undefined` until they have been read. */
  get descriptors(): Descriptors | undefined {
    return this.#descriptors;
  }

  /** Whether the services are read from the server, and not from a file. */
  get isReflected(): boolean {
    return this.#reflection !== undefined;
  }

  /** The state of the connection for reflection. */
  get state(): ChannelState {
    return this.#reflection?.state ?? "idle";
  }

  /**
   * Reads the services. Returns whether they have changed.
   *
   * @throws DescriptorsError, UsageError
   */
  async read(): Promise<boolean> {
    const { descriptors: file, reflectionTimeout } = this.config;
    const before = this.#descriptors;
    let after: Descriptors;
    if (this.#reflection === undefined) after = readDescriptorFile(file ?? "");
    else after = await reflectServices(this.#reflection, { timeoutMs: reflectionTimeout, previous: before });
    if (after !== before) checkSelected(this.config, after);
    this.#descriptors = after;
    return after !== before;
  }

  /** Opens another connection. */
  connect(): Channel {
    return this.#open({ pool: false });
  }

  close(): void {
    this.channel.close();
    this.#reflection?.close();
  }

  #open({ pool = true, minResponseBytes = 0 }: { readonly pool?: boolean; readonly minResponseBytes?: number }): Channel {
    const { address, tls, balancing, connectTimeout = 5000, maxResponseBytes = this.limits?.maxResponseBytes } = this.config;
    const largest =
      maxResponseBytes === undefined && minResponseBytes === 0 ? undefined : Math.max(maxResponseBytes ?? 0, minResponseBytes);
    try {
      return createChannel(address, {
        balancing,
        connectTimeoutMs: connectTimeout,
        limits: largest === undefined ? {} : { maxReceiveMessageBytes: largest },
        pool,
        ...(tls && { tls: tls === true ? {} : clientTls(tls) }),
      });
    } catch (error) {
      // The address is malformed, or a certificate is unusable.
      if (error instanceof TypeError) throw new UsageError(error.message, { cause: error });
      throw error;
    }
  }
}

function clientTls({ ca, cert, key, serverName }: Exclude<UpstreamConfig["tls"], boolean | undefined>): ClientTls {
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && key !== undefined && { cert, key }),
    ...(serverName !== undefined && { serverName }),
  };
}

/** @throws UsageError if the file cannot be read, or is not a descriptor set. */
export function readDescriptorFile(file: string): Descriptors {
  try {
    return readDescriptors(readFileSync(file));
  } catch (error) {
    if (error instanceof DescriptorsError) throw new UsageError(`${file}: ${error.message}`, { cause: error });
    throw new UsageError(fileProblem(file, error), { cause: error });
  }
}

/** The services of a server that the configuration selects. */
export function selected({ services }: Descriptors, selectors: readonly string[] | undefined): Descriptors["services"] {
  if (selectors === undefined) return services;
  return services.filter(({ typeName }) => selectors.some((selector) => selects(selector, typeName)));
}

/** @throws UnknownServiceError if a selector selects no service. */
function checkSelected({ address, services }: UpstreamConfig, { services: all }: Descriptors): void {
  for (const selector of list(services) ?? []) {
    if (all.some(({ typeName }) => selects(selector, typeName))) continue;
    throw new UnknownServiceError(
      `${address} has no service ${selector}, expected one of: ${all.map(({ typeName }) => typeName).join(", ") || "(the server has no services)"}`,
    );
  }
}
