// Runs the command: from the parsed options to the signal that ends it.
import { constants } from "node:os";
import { parseListenAddress } from "@grpc-study/command/listen-address";
import { printable } from "@grpc-study/command/printable";
import { createLogger, type Logger } from "@grpc-study/log";
import { ListenError, type Server } from "@grpc-study/rpc";
import type { Config } from "../config/config.ts";
import { readConfig } from "../config/read-config.ts";
import { protocols } from "../config/schema-parts.ts";
import { consoleSetting } from "../console/console-setting.ts";
import { createGateway, type Gateway } from "../gateway.ts";
import type { GatewayServerOptions } from "../options.ts";
import { ownPathsOf } from "../own-paths.ts";
import { servedBindings } from "../routes.ts";
import { isLoopbackHost } from "../server/hosts.ts";
import { serveAdmin } from "./admin.ts";
import type { CommandOptions } from "./cli.ts";
import { isFault, LiveConfig } from "./live-config.ts";
import { withOptions } from "./options-config.ts";
import { formatRoutes } from "./routes.ts";
import { fixedOptions } from "./settings.ts";
import { type CommandTelemetry, startTelemetry } from "./telemetry.ts";
import { UsageError } from "./upstream-server.ts";

const defaultListen = "localhost:9468";

/**
 * Serves until a signal arrives. Sets the exit status of the process to 1 if the gateway cannot
 * start.
 */
export async function run(cli: CommandOptions): Promise<void> {
  let live: LiveConfig | undefined;
  let telemetry: CommandTelemetry | undefined;
  // A signal during the start must not end the process.
  const hangup = new Hangup();
  let listen = cli.listen ?? defaultListen;
  try {
    const config = configOf(cli);
    listen = config.listen ?? defaultListen;
    const log = createLogger(config.logLevel ?? "info");
    telemetry = await startTelemetry(cli, (message) => log.warn(message));
    if (telemetry?.metricsUrl !== undefined) log.info({ url: telemetry.metricsUrl }, "serving metrics");
    live = new LiveConfig(config, log);
    await live.start();
    await serve({ cli, config, listen, live, log, hangup, telemetry });
  } catch (error) {
    live?.close();
    await telemetry?.shutdown();
    hangup.ignore();
    const message = explain(error, listen);
    if (message === undefined) throw error;
    for (const line of message.split("\n")) process.stderr.write(`error: ${printable(line)}\n`);
    process.exitCode = 1;
  }
}

/** @throws ConfigError, UsageError */
function configOf(cli: CommandOptions): Config {
  const config = withOptions(cli.config === undefined ? {} : readConfig(cli.config).config, cli);
  if ((config.upstreams ?? []).length === 0) throw new UsageError(`${cli.config} has no upstreams, and --upstream is not given`);
  return config;
}

interface Run {
  readonly cli: CommandOptions;
  readonly config: Config;
  readonly listen: string;
  readonly live: LiveConfig;
  readonly log: Logger;
  readonly hangup: Hangup;
  readonly telemetry: CommandTelemetry | undefined;
}

async function serve({ cli, config, listen, live, log, hangup, telemetry }: Run): Promise<void> {
  const upstreams = live.upstreams();
  const options = { ...fixedOptions(config, log), ...upstreams, observe: telemetry?.observe };
  // Reports all errors in the rules at once.
  const bindings = servedBindings(options);
  const missing = live.servers.filter(({ descriptors }) => descriptors === undefined);
  const services = [upstreams, ...(upstreams.otherUpstreams ?? [])].flatMap(({ services }) => services);
  const names = live.servers.map(({ name }) => name).join(" and ");
  if (services.length === 0 && missing.length === 0) throw new UsageError(`${names} has no services`);
  if (bindings.length === 0 && missing.length === 0 && options.protocols.every((protocol) => protocol === "rest")) {
    throw new UsageError(`no method of ${names} has a google.api.http rule: add rules with --rules, or use --unbound`);
  }
  const gateway = create(options);
  let url: string;
  let host: string;
  let admin: Server | undefined;
  try {
    ({ url, host } = await gateway.listen(listen));
    if (config.admin !== undefined) admin = await serveAdmin(parseListenAddress(String(config.admin)), log);
  } catch (error) {
    await gateway.close();
    throw error;
  }
  log.info({ url }, "serving HTTP");
  live.attach(gateway);
  handleSignals({ gateway, live, admin, log, telemetry });
  hangup.handle(() => void live.reload(() => configOf(cli)));
  process.stdout.on("error", () => {}); // the reader of the table may exit first
  const { docs, openApi } = ownPathsOf(options);
  const consoleOn = (host: string) => {
    const setting = consoleSetting(options);
    return setting?.onlyOnLoopback && !isLoopbackHost(host) ? undefined : setting;
  };
  process.stdout.write(
    formatRoutes(bindings, {
      address: url,
      upstream: names,
      protocols: options.protocols ?? protocols,
      services,
      missing: missing.map(({ name }) => name),
      docs,
      openApi,
      console: consoleOn(host)?.path,
    }),
  );
}

/** @throws UsageError for an option with a wrong value, RuleError */
function create(options: GatewayServerOptions): Gateway {
  try {
    return createGateway(options);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

interface Running extends Pick<Run, "live" | "log" | "telemetry"> {
  readonly gateway: Gateway;
  readonly admin: Server | undefined;
}

function handleSignals({ gateway, live, admin, log, telemetry }: Running): void {
  let stopping = false;
  const stop = async (signal: "SIGINT" | "SIGTERM") => {
    if (stopping) process.exit(128 + constants.signals[signal]);
    stopping = true;
    log.info("shutting down; a second signal exits at once");
    await gateway.close();
    live.close();
    // Last, so that it shows what the gateway still does.
    await admin?.shutdown({ graceMs: 0 });
    await telemetry?.shutdown();
    log.info("stopped");
    // The process ends by itself, or a second later if an export without an answer keeps it.
    setTimeout(() => process.exit(), 1000).unref();
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
}

/** Handles SIGHUP, also one that arrives during the start. */
class Hangup {
  #arrived = false;
  #handle: (() => void) | undefined;
  readonly #listener = () => {
    this.#arrived = true;
    this.#handle?.();
  };

  constructor() {
    process.on("SIGHUP", this.#listener);
  }

  handle(handle: () => void): void {
    this.#handle = handle;
    if (this.#arrived) handle();
  }

  ignore(): void {
    process.off("SIGHUP", this.#listener);
  }
}

function explain(error: unknown, listen: string): string | undefined {
  if (isFault(error)) return error.message;
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE" && !listen.startsWith("unix:"))
    return `port ${listen.slice(listen.lastIndexOf(":") + 1)} is already in use (${listen})`;
  if (error instanceof ListenError) return message;
  if (code?.startsWith("ERR_OSSL") || syscall === "open") return `the certificate or its key cannot be used: ${message}`;
  return undefined;
}
