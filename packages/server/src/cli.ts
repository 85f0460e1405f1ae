// The command line: what can be asked for, and what is wrong with it.
import { isIPv6 } from "node:net";
import { Command, InvalidArgumentError, Option } from "commander";
import { type LogLevel, logLevels } from "./logging.ts";
import type { Topic } from "./topic.ts";

/** What the command line asks for. */
export interface ServeRequest {
  readonly topics: readonly Topic[];
  readonly host: string;
  readonly port: number | undefined;
  readonly logLevel: LogLevel;
}

/** Makes the command. What is wrong with its arguments goes to stderr as one line, and ends the process with status 1. */
export function createProgram(topics: readonly Topic[], serve: (request: ServeRequest) => Promise<void>): Command {
  const program = new Command("grpc-study-server")
    // The commands inherit this: it has to come before them.
    .configureOutput({ outputError: (text, write) => write(`${text.trim().replaceAll(/\s*\n\s*/g, " ")}\n`) });

  const command = program
    .command("serve", { isDefault: true })
    .description("Serves topics: those that are named, or all of them. It is what happens without a command, too.")
    .argument("[topics...]", "what to serve")
    .option("--host <host>", "name or address to listen on; localhost is the loopback address of IPv4 and of IPv6", parseHost, "localhost")
    .option("--port <port>", "port to listen on instead of the tutorial's, for a single topic; 0 takes any that is free", parsePort)
    .addOption(new Option("--log-level <level>", "least severe level to log, to stderr").choices(logLevels).default("info"))
    .addHelpText("after", `\n${listTopics(topics)}`)
    .action(async (names: readonly string[], { host, port, logLevel }: Omit<ServeRequest, "topics">) => {
      const unknown = names.find((name) => !topics.some((topic) => topic.name === name));
      if (unknown !== undefined) command.error(`error: unknown topic '${unknown}' (topics: ${topics.map(({ name }) => name).join(", ")})`);
      const selected = names.length === 0 ? topics : topics.filter(({ name }) => names.includes(name));
      if (port !== undefined && selected.length > 1)
        command.error(`error: --port is for a single topic, and ${selected.length} are selected`);
      await serve({ topics: selected, host, port, logLevel });
    });

  program.helpInformation = (context) => command.helpInformation(context);
  return program.addHelpText("after", `\n${listTopics(topics)}`);
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65535)) throw new InvalidArgumentError("It must be a whole number from 0 to 65535.");
  return port;
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
