// What the commands of all topics have in common: the options, and the context in which a client
// runs.
import { findPackageJSON } from "node:module";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import type { DescService } from "@bufbuild/protobuf";
import { parseDuration } from "@grpc-study/command/duration";
import { type CallOptions, type Client, createClient } from "@grpc-study/rpc";
import { Command, Option } from "commander";
import { parseAddress } from "./address.ts";
import { type ConnectOptions, connect, transportNames } from "./connect.ts";
import { type TokenOptions, tokenCredentials } from "./credentials.ts";
import type { Interrupt } from "./interrupt.ts";
import { addMetadata, type MetadataEntries } from "./metadata.ts";
import { lineWriter, type Output, type Print, printer, writeNote } from "./output.ts";
import { startTelemetry } from "./telemetry.ts";

/** The streams and signals of a command: those of the process, or those of a test. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly interrupt: Interrupt;
}

/** What a topic's client uses. */
export interface Context {
  /**
   * Creates a client of a service. Its calls have the metadata and the deadline of the command
   * line.
   */
  connect<Service extends DescService>(service: Service): Client<Service>;
  /** Aborts on Ctrl-C, which cancels the calls. */
  readonly signal: AbortSignal;
  /** Milliseconds of `--timeout`, for what takes several calls. */
  readonly timeoutMs?: number | undefined;
  /** Prints a received message. */
  readonly print: Print;
  /** Writes a line to stderr, for what is not a message. */
  readonly note: (line: string) => void;
  /**
   * Calls `handler` for the next Ctrl-C instead of cancelling the calls. Returns a function that
   * removes the handler.
   */
  onInterrupt(handler: () => void): () => void;
}

/** The options of all topics. */
export interface CommonOptions extends ConnectOptions, TokenOptions {
  readonly timeout?: number;
  readonly metadata?: MetadataEntries;
  readonly json?: true;
  readonly otel?: true;
}

/** The folder that the server's `certs` command writes: `certs` of the repository. */
const certsFolder = resolve(packageFile(), "../../../certs");

/** Code is bundled, so that the depth of this module is unknown. */
function packageFile(): string {
  const file = findPackageJSON(import.meta.url);
  if (file === undefined) throw new Error(`${import.meta.url} is in no package`);
  return file;
}

/**
 * Creates a topic's command with the options of all topics. `timeout` is the default of
 * `--timeout`; without it, calls have no deadline.
 */
export function topic(name: string, addr: string, description: string, timeout?: string): Command {
  const timeoutOption = new Option("--timeout <duration>", "deadline of each call, such as 500ms, 1s or 2m").argParser(parseDuration);
  if (timeout !== undefined) timeoutOption.default(parseDuration(timeout), timeout);
  return new Command(name)
    .description(description)
    .option("--addr <host:port>", "address of the server", parseAddress, addr)
    .addOption(timeoutOption)
    .addOption(new Option("--connect-timeout <duration>", "time limit for a connection").argParser(parseDuration).default(5000, "5s"))
    .addOption(new Option("--transport <name>", "transport that carries the calls").choices(transportNames).default(transportNames[0]))
    .option("--tls", "use TLS")
    .option("--mtls", "use TLS with a client certificate")
    .option("--certs <dir>", "folder with ca.pem, client.pem and client.key", process.env.GRPC_STUDY_CERTS || certsFolder)
    .option("--ca <file>", "CA of the server's certificate, instead of the folder's; implies TLS")
    .option("--cert <file>", "client certificate, instead of the folder's; implies TLS")
    .option("--key <file>", "private key of the client certificate")
    .option("--server-name <name>", "name that the server's certificate must contain; implies TLS")
    .option("--user <name>", "user name (or GRPC_STUDY_USER)")
    .option("--token <token>", "token of the user (or GRPC_STUDY_TOKEN)")
    .option("--require-transport-security", "send user and token only over TLS")
    .option("--metadata <key=value>", "metadata of each call; repeatable", addMetadata)
    .option("--json", "print messages as lines of JSON")
    .option("--otel", "export traces and metrics by OTLP, as the OTEL_* variables say");
}

/**
 * Creates the action of a command: opens the channel, runs the topic's client, closes the channel.
 */
export function action<Options>(
  io: Io,
  run: (context: Context, options: CommonOptions & Options, args: readonly string[]) => Promise<void>,
): (this: Command) => Promise<void> {
  return async function () {
    const options = this.optsWithGlobals<CommonOptions & Options>();
    using channel = await connect(options);
    const { signal } = io.interrupt;
    const credentials = tokenCredentials(options);
    await using telemetry = options.otel && (await startTelemetry());
    const context: Context = {
      connect: (service) =>
        createClient(service, channel, {
          defaults: callOptions(options, signal),
          ...(credentials !== undefined && { perRpcCredentials: credentials }),
          ...(telemetry && { interceptors: [telemetry.interceptor] }),
        }),
      signal,
      timeoutMs: options.timeout,
      print: printer(lineWriter(io.stdout), options.json ?? false),
      note: (line) => writeNote(io.stderr, line),
      onInterrupt: (handler) => io.interrupt.once(handler),
    };
    await run(context, options, this.args);
  };
}

function callOptions({ timeout, metadata }: CommonOptions, signal: AbortSignal): CallOptions {
  return { signal, ...(timeout !== undefined && { timeoutMs: timeout }), ...(metadata !== undefined && { metadata }) };
}
