// The command line: options, arguments, and their errors.
import { isIPv4, isIPv6 } from "node:net";
import { resolve } from "node:path";
import { oneLineErrors } from "@grpc-study/command/command-line";
import { parseHostPort, parseListenAddress } from "@grpc-study/command/listen-address";
import { type LogLevel, logLevels } from "@grpc-study/log";
import { Command, InvalidArgumentError, Option } from "commander";
import type { Security } from "./access.ts";
import { addCertsCommand } from "./certs/command.ts";
import { defaultFolder } from "./certs/folder.ts";
import { addDataOptions, addMigrateCommand, checkDataOptions, type DataOptions, natsOption } from "./data/command.ts";
import type { Front } from "./front.ts";
import type { Topic } from "./topic.ts";
import { type TransportName, transportNames } from "./transport.ts";

/** The parsed command line of `serve`. */
export interface ServeRequest extends DataOptions {
  readonly topics: readonly Topic[];
  readonly host: string;
  readonly port: number | undefined;
  readonly security: Security | undefined;
  /** The folder with certificates. The options below name files instead. */
  readonly certs: string;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tlsCa: string | undefined;
  /** The file with the users who may call with a token. */
  readonly users: string | undefined;
  /** The transport that carries the calls. */
  readonly transport: TransportName;
  /** The number of processes that share the ports. */
  readonly workers: number;
  /** The HTTP server in front of all topics. */
  readonly front: Front | undefined;
  /** The address of the listener for operators. */
  readonly admin: string | undefined;
  readonly logLevel: LogLevel;
  /** Whether to export traces and metrics by OTLP. */
  readonly otel?: true;
  /** Where to serve metrics for Prometheus. */
  readonly metrics?: string;
}

/** The values of `--security`. */
const securityNames = {
  plain: "plaintext",
  tls: "TLS",
  mtls: "mutual TLS",
  token: "token",
  "token+tls": "token over TLS",
} as const satisfies {
  [name: string]: Security;
};

export interface ProgramOptions {
  /**
   * The name of the command in its help, unless the environment variable GRPC_STUDY_COMMAND has
   * another.
   */
  readonly name: string;
  readonly topics: readonly Topic[];
  /** An HTTP server in front of all topics. By default, it serves on loopback addresses alone. */
  readonly front?: Front;
}

interface Options extends Omit<ServeRequest, "topics" | "security" | "front"> {
  readonly security?: keyof typeof securityNames;
}

/**
 * Creates the command. An invalid argument is reported on one line of stderr, and ends the process
 * with status 1.
 */
export function createProgram({ name, topics, front }: ProgramOptions, serve: (request: ServeRequest) => Promise<void>): Command {
  const program = new Command(process.env.GRPC_STUDY_COMMAND || name)
    // Before the commands, since they inherit it.
    .configureOutput(oneLineErrors);

  const command = addDataOptions(program.command("serve", { isDefault: true }))
    .description("Serves the named topics, or all of them. This is the default command.")
    .configureHelp({ commandUsage: () => `${program.name()} [options] [topics...]` })
    .argument("[topics...]", "the topics to serve")
    .option("--host <host>", "name or address to listen on; localhost means loopback over IPv4 and IPv6", parseHost, "localhost")
    .option("--port <port>", "port of a single topic, instead of the tutorial's; 0 takes a free port", parsePort)
    .addOption(
      new Option("--security <mode>", "protects all topics in this way, instead of the tutorial's").choices(Object.keys(securityNames)),
    )
    .option(
      "--certs <dir>",
      "folder with ca.pem, server.pem and server.key, which are made if they do not exist",
      (dir) => resolve(dir),
      defaultFolder(),
    )
    .option("--tls-cert <file>", "certificate of the server, instead of the folder's")
    .option("--tls-key <file>", "private key of that certificate")
    .option("--tls-ca <file>", "CA of the client certificates, for mutual TLS")
    .option("--users <file>", "JSON file of the users who may call with a token (or its content in GRPC_STUDY_USERS)")
    .option("--workers <n>", "number of processes that share the ports; a process that crashes is replaced", parseWorkers, 1)
    .addOption(new Option("--transport <name>", "transport that carries the calls").choices(transportNames).default(transportNames[0]))
    .option(
      "--admin <[host:]port>",
      "also serve channelz, health and reflection for operators at this address, on localhost by default",
      parseListenAddress,
    )
    .addOption(natsOption())
    .addOption(new Option("--log-level <level>", "least severe level that is logged to stderr").choices(logLevels).default("info"))
    .option("--otel", "exports traces and metrics by OTLP, as the OTEL_* variables say")
    .option("--metrics <[host:]port>", "serves metrics for Prometheus at /metrics of this address, on localhost by default", parseHostPort)
    .addHelpText("after", `\n${listTopics(topics)}`)
    .action(async (names: readonly string[], { security, ...options }: Options) => {
      const { port } = options;
      const unknown = names.find((name) => !topics.some((topic) => topic.name === name));
      if (unknown !== undefined) command.error(`error: unknown topic '${unknown}' (topics: ${topics.map(({ name }) => name).join(", ")})`);
      const selected = names.length === 0 ? topics : topics.filter(({ name }) => names.includes(name));
      if (port !== undefined && selected.length > 1)
        command.error(`error: --port needs a single topic, but ${selected.length} are selected`);
      if ((options.tlsCert === undefined) !== (options.tlsKey === undefined))
        command.error("error: --tls-cert and --tls-key must be given together");
      checkDataOptions(command, options);
      if (options.admin !== undefined && options.workers > 1) command.error("error: --admin shows one process, so it needs --workers 1");
      if (options.metrics !== undefined && options.workers > 1)
        command.error("error: --metrics needs a single process, since each has its own metrics; use --otel with --workers");
      const keeper = selected.find(({ keepsData }) => keepsData);
      if (keeper !== undefined && options.workers > 1 && options.database === undefined)
        command.error(
          `error: --workers needs a PostgreSQL server for the data of ${keeper.name}: name one with --database or DATABASE_URL`,
        );
      await serve({ ...options, topics: selected, security: security && securityNames[security], front: chosen(front, options) });
    });

  for (const option of front === undefined ? [] : frontOptions(front)) command.addOption(option);

  addCertsCommand(program);
  addMigrateCommand(program);

  program.helpInformation = (context) => command.helpInformation(context);
  return program.addHelpText(
    "after",
    `\n${listTopics(topics)}\n\nOther commands:\n  certs       makes the certificates for TLS\n  certs show  shows the certificates\n  migrate     creates or updates the tables of the data`,
  );
}

function frontOptions({ name, port, summary }: Front): Option[] {
  return [
    new Option(`--${name}`, `serves ${summary} on port ${port}, or on the port after those of --port (default: on loopback)`),
    new Option(`--no-${name}`, "does not serve it"),
  ];
}

/** The front that the options ask for. Without an option, it serves if the host means loopback. */
function chosen(front: Front | undefined, options: { readonly host: string }): Front | undefined {
  if (front === undefined) return undefined;
  const asked: unknown = Reflect.get(options, front.name);
  return asked === true || (asked === undefined && isLoopback(options.host)) ? front : undefined;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65535)) throw new InvalidArgumentError("It must be a whole number from 0 to 65535.");
  return port;
}

function parseWorkers(text: string): number {
  const workers = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (workers === 0) throw new InvalidArgumentError("It must be a whole number from 1 to 999.");
  return workers;
}

/** Accepts an IPv6 address with or without brackets, and returns it without. */
function parseHost(text: string): string {
  const host = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  if (isIPv6(host) || /^[\w.-]+$/.test(text)) return host;
  throw new InvalidArgumentError("It must be a name or an address without a port.");
}

function listTopics(topics: readonly Topic[]): string {
  const width = Math.max(...topics.map(({ name }) => name.length));
  const lines = topics.map(({ name, summary, listeners }) => {
    const ports = listeners.map(({ port }) => port).join(", ");
    return `  ${name.padEnd(width)}  ${summary} (${ports})`;
  });
  return ["Topics:", ...lines].join("\n");
}
