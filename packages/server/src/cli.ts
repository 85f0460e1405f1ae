// The command line: what can be asked for, and what is wrong with it.
import { isIPv6 } from "node:net";
import { resolve } from "node:path";
import { oneLineErrors } from "@grpc-study/command/command-line";
import { type LogLevel, logLevels } from "@grpc-study/log";
import { Command, InvalidArgumentError, Option } from "commander";
import type { Security } from "./access.ts";
import { addCertsCommand } from "./certs/command.ts";
import { defaultFolder } from "./certs/folder.ts";
import type { Topic } from "./topic.ts";
import { type TransportName, transportNames } from "./transport.ts";

/** What the command line asks for. */
export interface ServeRequest {
  readonly topics: readonly Topic[];
  readonly host: string;
  readonly port: number | undefined;
  readonly security: Security | undefined;
  /** The folder with certificates, for what they are not named below. */
  readonly certs: string;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tlsCa: string | undefined;
  /** The file with users. */
  readonly users: string | undefined;
  /** What carries the calls. */
  readonly transport: TransportName;
  /** Processes that share the ports. */
  readonly workers: number;
  readonly logLevel: LogLevel;
}

/** What `--security` calls the ways to protect a listener. */
const securityNames = {
  plain: "plaintext",
  tls: "TLS",
  mtls: "mutual TLS",
  token: "token",
  "token+tls": "token over TLS",
} as const satisfies {
  [name: string]: Security;
};

interface Options extends Omit<ServeRequest, "topics" | "security"> {
  readonly security?: keyof typeof securityNames;
}

/** Makes the command. What is wrong with its arguments goes to stderr as one line, and ends the process with status 1. */
export function createProgram(topics: readonly Topic[], serve: (request: ServeRequest) => Promise<void>): Command {
  const program = new Command(process.env.GRPC_STUDY_COMMAND || "grpc-study-server")
    // The commands inherit this: it has to come before them.
    .configureOutput(oneLineErrors);

  const command = program
    .command("serve", { isDefault: true })
    .description("Serves topics: those that are named, or all of them. It is what happens without a command, too.")
    .argument("[topics...]", "what to serve")
    .option("--host <host>", "name or address to listen on; localhost is the loopback address of IPv4 and of IPv6", parseHost, "localhost")
    .option("--port <port>", "port to listen on instead of the tutorial's, for a single topic; 0 takes any that is free", parsePort)
    .addOption(
      new Option("--security <mode>", "how to protect the topics, instead of the tutorial's ways").choices(Object.keys(securityNames)),
    )
    .option("--certs <dir>", "folder with ca.pem, server.pem and server.key; made if it has none", (dir) => resolve(dir), defaultFolder())
    .option("--tls-cert <file>", "the server's certificate, instead of the folder's")
    .option("--tls-key <file>", "its private key")
    .option("--tls-ca <file>", "the CA that signs clients' certificates, for mutual TLS")
    .option("--users <file>", "who may call with a token: a JSON file; or the same text in GRPC_STUDY_USERS")
    .option("--workers <n>", "processes that share the ports, so that all cores serve; those that crash are started again", parseWorkers, 1)
    .addOption(new Option("--transport <name>", "what carries the calls").choices(transportNames).default(transportNames[0]))
    .addOption(new Option("--log-level <level>", "least severe level to log, to stderr").choices(logLevels).default("info"))
    .addHelpText("after", `\n${listTopics(topics)}`)
    .action(async (names: readonly string[], { security, ...options }: Options) => {
      const { port } = options;
      const unknown = names.find((name) => !topics.some((topic) => topic.name === name));
      if (unknown !== undefined) command.error(`error: unknown topic '${unknown}' (topics: ${topics.map(({ name }) => name).join(", ")})`);
      const selected = names.length === 0 ? topics : topics.filter(({ name }) => names.includes(name));
      if (port !== undefined && selected.length > 1)
        command.error(`error: --port is for a single topic, and ${selected.length} are selected`);
      if ((options.tlsCert === undefined) !== (options.tlsKey === undefined)) command.error("error: --tls-cert and --tls-key go together");
      await serve({ ...options, topics: selected, security: security && securityNames[security] });
    });

  addCertsCommand(program);

  program.helpInformation = (context) => command.helpInformation(context);
  return program.addHelpText(
    "after",
    `\n${listTopics(topics)}\n\nOther commands:\n  certs       makes certificates for what is served over TLS\n  certs show  shows them`,
  );
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

/** Takes IPv6 with or without brackets, and returns it without. */
function parseHost(text: string): string {
  const host = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  if (isIPv6(host) || /^[\w.-]+$/.test(text)) return host;
  throw new InvalidArgumentError("It must be a name or an address, without a port.");
}

function listTopics(topics: readonly Topic[]): string {
  const width = Math.max(...topics.map(({ name }) => name.length));
  const lines = topics.map(({ name, summary, listeners }) => {
    const ports = listeners.map(({ port }) => port).join(", ");
    return `  ${name.padEnd(width)}  ${summary} (${ports})`;
  });
  return ["Topics:", ...lines].join("\n");
}
