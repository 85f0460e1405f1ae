// The command line: its options, and its error messages.
import { oneLineErrors } from "@grpc-study/command/command-line";
import { parseDuration, parseDurationOrZero } from "@grpc-study/command/duration";
import { parseHostPort, parseListenAddress } from "@grpc-study/command/listen-address";
import { type LogLevel, logLevels } from "@grpc-study/log";
import { Command, InvalidArgumentError, Option } from "commander";
import { listenPattern, type Protocol, protocols } from "../config/schema-parts.ts";

/** The parsed options of the command line. Durations are in milliseconds. */
export interface CommandOptions {
  readonly config?: string;
  readonly upstream?: readonly string[];
  readonly requireUpstreams?: true;
  /** Infinity: off. */
  readonly refresh?: number;
  readonly reflection?: true;
  readonly reflectionTimeout?: number;
  readonly descriptors?: readonly string[];
  readonly service?: readonly string[];
  readonly rules?: readonly string[];
  readonly conflicts?: "reject" | "keep-first";
  readonly forwardHeader?: readonly string[];
  readonly responseHeader?: readonly string[];
  readonly statusMetadata?: string;
  readonly maxResponseBytes?: number;
  readonly healthPath?: string;
  readonly docsPath?: string;
  readonly openapiPath?: string;
  readonly consolePath?: string;
  readonly console?: boolean;
  readonly consoleReadOnly?: true;
  /** `host:port` */
  readonly listen?: string;
  readonly protocols?: readonly Protocol[];
  readonly unbound?: true;
  readonly tls?: true;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
  readonly fieldNames?: "json" | "proto";
  readonly emitDefaults?: true;
  readonly rejectUnknown?: true;
  readonly cors?: readonly string[];
  readonly trustProxy?: readonly string[];
  readonly allowedHosts?: readonly string[];
  readonly timeout?: number;
  readonly bodyLimit?: number;
  readonly elementLimit?: number;
  readonly bodyTimeout?: number;
  readonly maxHeaderBytes?: number;
  readonly headersTimeout?: number;
  readonly maxConnections?: number;
  readonly maxStreams?: number;
  readonly maxPipelined?: number;
  readonly maxCalls?: number;
  readonly maxCallsPerAddress?: number;
  readonly callsPerConnection?: number;
  readonly grace?: number;
  readonly title?: string;
  readonly openapi: boolean;
  readonly admin?: string;
  readonly logLevel?: LogLevel;
  readonly otel?: true;
  readonly metrics?: string;
}

/** The options of `check`. */
export interface CheckOptions {
  /** Whether to ask the servers for their services. */
  readonly connect?: true;
}

/** What the command does with its options. */
export interface Actions {
  readonly serve: (options: CommandOptions) => Promise<void>;
  readonly check: (file: string, options: CheckOptions) => Promise<void>;
}

/**
 * Creates the command. Invalid arguments print one line to stderr and end the process with status
 * 1.
 */
export function createProgram({ serve, check }: Actions): Command {
  const command = new Command(process.env.GRPC_STUDY_COMMAND || "grpc-study-gateway")
    .description(
      "Serves gRPC servers over HTTP: REST by google.api.http rules with OpenAPI at /openapi.json and /docs, Connect, gRPC-Web and gRPC, on one port.",
    )
    .configureOutput(oneLineErrors)
    .option("--config <file>", "read the configuration from a YAML file; options override it")
    // Not a `requiredOption`: commander would report it as missing before it reports a misspelt
    // option.
    .option("--upstream <host:port...>", "the gRPC server; with several, each has its own services")
    .option("--require-upstreams", "exit if the services of a server cannot be read at the start, instead of trying again")
    .option(
      "--listen <host:port>",
      "the address to listen on, or unix:/path; localhost listens on IPv4 and IPv6 (default: localhost:9468)",
      parseListen,
    )
    .option(
      "--admin <[host:]port>",
      "also serve channelz, health and reflection for operators at this address, on localhost by default",
      parseListenAddress,
    );

  command
    .optionsGroup("Services:")
    .option("--reflection", "read the services by server reflection (default without --descriptors)")
    .option("--reflection-timeout <duration>", "time limit for reflection (default: 10s)", parseDuration)
    .option("--refresh <duration>", "how often to read the services again by reflection, or off (default: off)", parseRefresh)
    .option(
      "--descriptors <file...>",
      "read the services from descriptor sets, one for each server: buf build -o FILE, or protoc --include_imports --descriptor_set_out=FILE; binary or JSON, optionally gzipped",
    )
    .option("--service <name...>", "full names of the services to serve, or prefixes such as shop.v1.* (default: all)")
    .option("--rules <file...>", "additional google.api.http rules, in YAML or JSON: http: { rules: [{ selector, get, … }] }")
    .addOption(
      new Option(
        "--conflicts <what>",
        "when two rules match the same requests, or two servers have the same service (default: reject)",
      ).choices(["reject", "keep-first"]),
    )
    .addOption(new Option("--protocols <name...>", "the protocols to serve (default: all)").choices(protocols))
    .option("--unbound", "also serve methods without a rule, as POST /<package.Service>/<Method>");

  command
    .optionsGroup("TLS to the server:")
    .option("--tls", "use TLS with the certificate authorities that Node trusts")
    .option("--ca <file>", "use TLS with this certificate authority")
    .option("--cert <file>", "the gateway's client certificate, for mutual TLS")
    .option("--key <file>", "its private key")
    .option("--server-name <name>", "the host name to verify in the server's certificate");

  command
    .optionsGroup("TLS to the clients:")
    .option("--tls-cert <file>", "serve HTTPS with this certificate")
    .option("--tls-key <file>", "its private key")
    .option("--tls-ca <file>", "require client certificates signed by this authority");

  command
    .optionsGroup("Limits:")
    .option("--timeout <duration>", "maximum duration of a call, such as 500ms, 1s or 2m (default: unlimited)", parseDuration)
    .option("--body-limit <bytes>", "maximum size of a request body, or of one line or frame of a stream (default: 4 MiB)", parsePositive)
    .option(
      "--element-limit <n>",
      "maximum number of elements in a JSON body: messages, fields, list items and map entries (default: 1000000)",
      parsePositive,
    )
    .option("--body-timeout <duration>", "time limit for a request body, or for the next chunk of a stream (default: 30s)", parseDuration)
    .option("--max-response-bytes <bytes>", "maximum size of a response message from the server (default: 4 MiB)", parsePositive)
    .option("--max-header-bytes <bytes>", "maximum size of the URL and the headers together (default: 16384)", parsePositive)
    .option("--headers-timeout <duration>", "time limit for the request headers (default: 10s)", parseDuration)
    .option("--max-connections <n>", "maximum number of client connections (default: 10000)", parsePositive)
    .option("--max-calls <n>", "maximum number of concurrent calls (default: 10000)", parsePositive)
    .option(
      "--max-calls-per-address <n>",
      "maximum number of concurrent calls for one client address (default: half of --max-calls)",
      parsePositive,
    )
    .option(
      "--calls-per-connection <n>",
      "concurrent calls on a connection to the server before another one opens (default: 100)",
      parsePositive,
    )
    .option("--max-pipelined <n>", "maximum number of concurrent requests on an HTTP/1.1 connection (default: 16)", parsePositive)
    .option("--max-streams <n>", "maximum number of concurrent streams on an HTTP/2 connection (default: 100)", parsePositive)
    .option("--grace <duration>", "time that calls have to finish after SIGINT or SIGTERM (default: 10s)", parseDurationOrZero);

  command
    .optionsGroup("HTTP and JSON:")
    .addOption(
      new Option("--field-names <spelling>", "field names in responses: lowerCamelCase, or as in the .proto (default: json)").choices([
        "json",
        "proto",
      ]),
    )
    .option("--emit-defaults", "include fields that have their default value in responses")
    .option("--reject-unknown", "reject unknown fields and query parameters instead of ignoring them")
    .option("--forward-header <name...>", "request headers to forward to the server as metadata, such as cookie or idempotency-key")
    .option("--response-header <name...>", "response metadata to send as headers under the same name, such as set-cookie, etag or location")
    .option("--status-metadata <key>", "response metadata that sets the HTTP status of a successful call, 200 to 399, such as x-http-code")
    .option("--health-path <path>", "path of the health check (default: /healthz)")
    .option("--docs-path <path>", "path of the documentation page (default: /docs)")
    .option("--openapi-path <path>", "path of the OpenAPI document (default: /openapi.json)")
    .option("--console", "serve the console at /console (default: on a loopback address, if @grpc-study/console is installed)")
    .option("--no-console", "do not serve the console")
    .option("--console-read-only", "serve the console, which then shows services without calling them")
    .option("--console-path <path>", "path of the console (default: /console)")
    .option("--cors <origin...>", "origins whose pages may read responses; * for all")
    .option(
      "--allowed-hosts <host...>",
      "host names to serve, instead of the default; * for all (default: on loopback localhost, 127.0.0.1, [::1] and the bound address, otherwise all)",
    )
    .option("--trust-proxy <address...>", "proxies whose X-Forwarded-* headers to trust: addresses, or subnets such as 10.0.0.0/8")
    .option("--title <text>", "title of the OpenAPI document")
    .option("--no-openapi", "do not serve /openapi.json and /docs")
    .addOption(new Option("--log-level <level>", "minimum level to log to stderr (default: info)").choices(logLevels))
    .option("--otel", "export traces and metrics by OTLP, as the OTEL_* variables say (needs @grpc-study/otel)")
    .option(
      "--metrics <[host:]port>",
      "serve metrics for Prometheus at /metrics of this address, on localhost by default (needs @grpc-study/otel)",
      parseHostPort,
    )
    .action(async (options: CommandOptions) => {
      if (options.upstream === undefined && options.config === undefined) {
        command.error("error: required option '--upstream <host:port...>' or '--config <file>' not specified");
      }
      if (options.reflection && options.descriptors !== undefined) command.error("error: use either --reflection or --descriptors");
      const servers = options.upstream?.length ?? 0;
      if (options.descriptors !== undefined && options.descriptors.length !== servers) {
        command.error(`error: --descriptors needs one file for each --upstream (${servers}), got ${options.descriptors.length}`);
      }
      if ((options.cert === undefined) !== (options.key === undefined)) command.error("error: --cert and --key must be used together");
      if ((options.tlsCert === undefined) !== (options.tlsKey === undefined))
        command.error("error: --tls-cert and --tls-key must be used together");
      if (options.tlsCa !== undefined && options.tlsCert === undefined) command.error("error: --tls-ca needs --tls-cert and --tls-key");
      await serve(options);
    });

  command
    .command("check")
    .description("Checks a configuration file, with its descriptor sets, rules and certificates, and prints one line for each fault.")
    .argument("<file>", "the configuration, in YAML")
    .option("--connect", "also ask the servers for their services")
    .action(check);
  return command;
}

/** Checks `host:port`, or `unix:/path`. An IPv6 address stands in brackets. */
function parseListen(text: string): string {
  if (!new RegExp(listenPattern).test(text)) throw new InvalidArgumentError("It must be host:port, or unix:/path.");
  return text;
}

function parseRefresh(text: string): number {
  return text === "off" ? Number.POSITIVE_INFINITY : parseDuration(text);
}

function parsePositive(text: string): number {
  const value = Number(text);
  // Node's limits are 32-bit signed integers.
  if (!/^\d+$/.test(text) || value < 1 || value > 2 ** 31 - 1) {
    throw new InvalidArgumentError("It must be a whole number from 1 to 2147483647.");
  }
  return value;
}
