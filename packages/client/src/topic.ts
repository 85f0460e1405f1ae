// What every topic's command has in common: its options, and the context in which its client runs.
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { DescService } from "@bufbuild/protobuf";
import { parseDuration } from "@grpc-study/command/duration";
import { type CallOptions, type Client, createClient } from "@grpc-study/rpc";
import { Command, Option } from "commander";
import { parseAddress } from "./address.ts";
import { type ConnectOptions, connect, transportNames } from "./connect.ts";
import { type TokenOptions, tokenCredentials } from "./credentials.ts";
import type { Interrupt } from "./interrupt.ts";
import { addMetadata, type MetadataEntries } from "./metadata.ts";
import { lineWriter, type Output, type Print, printer } from "./output.ts";

/** The world outside: the process's own in main.ts, a test's in a test. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly interrupt: Interrupt;
}

/** What a topic's client works with. */
export interface Context {
  /** Makes the client of a service of the topic's server. Its calls have the metadata and the deadline that the user wants. */
  connect<Service extends DescService>(service: Service): Client<Service>;
  /** Aborts on Ctrl-C. The calls know it. */
  readonly signal: AbortSignal;
  /** Prints a received message. */
  readonly print: Print;
  /** Gives the next Ctrl-C to `handler` instead of cancelling the calls. Returns what takes it back. */
  onInterrupt(handler: () => void): () => void;
}

/** The options of every topic. */
export interface CommonOptions extends ConnectOptions, TokenOptions {
  readonly timeout?: number;
  readonly metadata?: MetadataEntries;
  readonly json?: true;
}

/** Where the server's `certs` command writes to: the folder `certs` of the repository. */
const certsFolder = fileURLToPath(new URL("../../../certs", import.meta.url));

/** A topic's command, with the options that all topics have. `timeout` is the default of `--timeout`: none, unless told. */
export function topic(name: string, addr: string, description: string, timeout?: string): Command {
  const timeoutOption = new Option("--timeout <duration>", "deadline of each call, like 500ms, 1s or 2m").argParser(parseDuration);
  if (timeout !== undefined) timeoutOption.default(parseDuration(timeout), timeout);
  return new Command(name)
    .description(description)
    .option("--addr <host:port>", "the server's address", parseAddress, addr)
    .addOption(timeoutOption)
    .addOption(new Option("--connect-timeout <duration>", "how long to wait for a connection").argParser(parseDuration).default(5000, "5s"))
    .addOption(new Option("--transport <name>", "what carries the calls").choices(transportNames).default(transportNames[0]))
    .option("--tls", "over TLS")
    .option("--mtls", "over TLS, with a client certificate")
    .option("--certs <dir>", "folder with ca.pem, client.pem and client.key", process.env.GRPC_STUDY_CERTS || certsFolder)
    .option("--ca <file>", "the CA of the server's certificate, instead of the folder's; means TLS")
    .option("--cert <file>", "the client certificate, instead of the folder's; means TLS")
    .option("--key <file>", "its private key")
    .option("--server-name <name>", "the name that the server's certificate must have; means TLS")
    .option("--user <name>", "user to call as (or GRPC_STUDY_USER)")
    .option("--token <token>", "the user's token (or GRPC_STUDY_TOKEN)")
    .option("--require-transport-security", "send user and token over TLS only")
    .option("--metadata <key=value>", "metadata of each call; repeatable", addMetadata)
    .option("--json", "print messages as lines of JSON");
}

/** Makes the action of a command: opens the channel, runs the topic's client, closes the channel. */
export function action<Options>(
  io: Io,
  run: (context: Context, options: CommonOptions & Options, args: readonly string[]) => Promise<void>,
): (this: Command) => Promise<void> {
  return async function () {
    const options = this.optsWithGlobals<CommonOptions & Options>();
    using channel = await connect(options);
    const { signal } = io.interrupt;
    const credentials = tokenCredentials(options);
    const context: Context = {
      connect: (service) =>
        createClient(service, channel, {
          defaults: callOptions(options, signal),
          ...(credentials !== undefined && { perRpcCredentials: credentials }),
        }),
      signal,
      print: printer(lineWriter(io.stdout), options.json ?? false),
      onInterrupt: (handler) => io.interrupt.once(handler),
    };
    await run(context, options, this.args);
  };
}

function callOptions({ timeout, metadata }: CommonOptions, signal: AbortSignal): CallOptions {
  return { signal, ...(timeout !== undefined && { timeoutMs: timeout }), ...(metadata !== undefined && { metadata }) };
}
