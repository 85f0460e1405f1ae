// The command line: what can be asked for, and what is wrong with it.

import { oneLineErrors } from "@grpc-study/command/command-line";
import { parseDuration, parseDurationOrZero } from "@grpc-study/command/duration";
import { type LogLevel, logLevels } from "@grpc-study/log";
import { Command, InvalidArgumentError, Option } from "commander";

/** What the command line asks for. */
export interface GatewayRequest {
  readonly upstream: readonly string[];
  readonly reflection?: true;
  readonly reflectionTimeout?: number;
  readonly descriptors?: readonly string[];
  readonly service?: readonly string[];
  readonly rules?: readonly string[];
  readonly conflicts: "refuse" | "keep-first";
  readonly forwardHeader?: readonly string[];
  readonly responseHeader?: readonly string[];
  readonly statusMetadata?: string;
  readonly maxResponseBytes?: number;
  readonly healthPath?: string;
  readonly docsPath?: string;
  readonly openapiPath?: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly unbound?: true;
  readonly tls?: true;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
  readonly fieldNames: "json" | "proto";
  readonly emitDefaults?: true;
  readonly refuseUnknown?: true;
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
  readonly logLevel: LogLevel;
}

/** Makes the command. What is wrong with its arguments goes to stderr as one line, and ends the process with status 1. */
export function createProgram(serve: (request: GatewayRequest) => Promise<void>): Command {
  const command = new Command(process.env.GRPC_STUDY_COMMAND || "grpc-study-gateway")
    .description("Serves a gRPC server over HTTP/JSON, by its google.api.http rules, with OpenAPI at /openapi.json and /docs.")
    .configureOutput(oneLineErrors)
    // Not a required option: commander would miss it before it says that it is misspelt.
    .option("--upstream <host:port...>", "the gRPC server, or several, each with services of its own")
    .addOption(
      new Option("--listen <host:port>", "where to serve; localhost is the loopback address of IPv4 and of IPv6")
        .argParser(parseListen)
        .default(parseListen("localhost:9468"), "localhost:9468"),
    );

  command
    .optionsGroup("What is served:")
    .option("--reflection", "ask the server for its services; so without --descriptors, too")
    .option("--reflection-timeout <duration>", "how long that may take (default: 10s)", parseDuration)
    .option(
      "--descriptors <file...>",
      "a descriptor set instead, one for each server: buf build -o FILE, or protoc --include_imports --descriptor_set_out=FILE; gzipped or in JSON, too",
    )
    .option("--service <name...>", "full names of the services to serve, instead of all")
    .option("--rules <file...>", "google.api.http rules beside the .proto, in YAML or JSON: http: { rules: [{ selector, get, … }] }")
    .addOption(
      new Option("--conflicts <what>", "two rules for the same requests, or two servers with the same service")
        .choices(["refuse", "keep-first"])
        .default("refuse"),
    )
    .option("--unbound", "serve methods without a rule as POST /<package.Service>/<Method>");

  command
    .optionsGroup("TLS to the server:")
    .option("--tls", "use TLS, and trust the authorities that Node knows")
    .option("--ca <file>", "use TLS, and trust this authority")
    .option("--cert <file>", "the gateway's certificate, for mutual TLS")
    .option("--key <file>", "its private key")
    .option("--server-name <name>", "the name that the server's certificate must have");

  command
    .optionsGroup("TLS to the clients:")
    .option("--tls-cert <file>", "serve HTTPS with this certificate")
    .option("--tls-key <file>", "its private key")
    .option("--tls-ca <file>", "let in clients whose certificates this authority signed, and no others");

  command
    .optionsGroup("Limits:")
    .option("--timeout <duration>", "how long a call may take, like 500ms, 1s or 2m (default: for ever)", parseDuration)
    .option("--body-limit <bytes>", "size of a body, of a line or a frame of a stream (default: 4 MiB)", parsePositive)
    .option(
      "--element-limit <n>",
      "elements of a body in JSON: messages, their fields, items of lists and maps (default: 1000000)",
      parsePositive,
    )
    .option("--body-timeout <duration>", "time for a body, or for the next part of a stream (default: 30s)", parseDuration)
    .option("--max-response-bytes <bytes>", "size of a response message of the server (default: 4 MiB)", parsePositive)
    .option("--max-header-bytes <bytes>", "size of the URL and the headers together (default: 16384)", parsePositive)
    .option("--headers-timeout <duration>", "time for the headers (default: 10s)", parseDuration)
    .option("--max-connections <n>", "connections at a time (default: 10000)", parsePositive)
    .option("--max-calls <n>", "calls at a time (default: 10000)", parsePositive)
    .option("--max-calls-per-address <n>", "calls at a time of one client's address (default: half of --max-calls)", parsePositive)
    .option(
      "--calls-per-connection <n>",
      "calls at a time on a connection to the server, before another is made (default: 100)",
      parsePositive,
    )
    .option("--max-pipelined <n>", "requests at a time of an HTTP/1.1 connection (default: 16)", parsePositive)
    .option("--max-streams <n>", "streams at a time in an HTTP/2 connection (default: 100)", parsePositive)
    .option("--grace <duration>", "time for running calls to end after SIGINT, SIGTERM or SIGHUP (default: 10s)", parseDurationOrZero);

  return command
    .optionsGroup("HTTP and JSON:")
    .addOption(new Option("--field-names <spelling>", "of fields in responses").choices(["json", "proto"]).default("json"))
    .option("--emit-defaults", "print fields that have their default value")
    .option("--refuse-unknown", "refuse fields and query parameters that do not exist, instead of ignoring them")
    .option("--forward-header <name...>", "headers of requests that the server gets as metadata: cookie, idempotency-key")
    .option("--response-header <name...>", "metadata of responses that become headers by their own names: set-cookie, etag, location")
    .option("--status-metadata <key>", "metadata of responses that set the HTTP status of a success, 200 to 399: x-http-code")
    .option("--health-path <path>", "instead of /healthz")
    .option("--docs-path <path>", "instead of /docs")
    .option("--openapi-path <path>", "instead of /openapi.json")
    .option("--cors <origin...>", "origins whose pages may read the answers; * for all")
    .option("--allowed-hosts <host...>", "names of this server, when it listens on loopback and is called otherwise; * for all")
    .option("--trust-proxy <address...>", "proxies whose X-Forwarded-* headers count: addresses, or subnets such as 10.0.0.0/8")
    .option("--title <text>", "of the OpenAPI document")
    .option("--no-openapi", "do not serve /openapi.json and /docs")
    .addOption(new Option("--log-level <level>", "least severe level to log, to stderr").choices(logLevels).default("info"))
    .action(async (request: GatewayRequest) => {
      if (request.upstream === undefined) command.error("error: required option '--upstream <host:port...>' not specified");
      if (request.reflection && request.descriptors !== undefined) command.error("error: it is either --reflection or --descriptors");
      if (request.descriptors !== undefined && request.descriptors.length !== request.upstream.length) {
        command.error(`error: ${request.upstream.length} --upstream need as many --descriptors, got ${request.descriptors.length}`);
      }
      if ((request.cert === undefined) !== (request.key === undefined)) command.error("error: --cert and --key go together");
      if ((request.tlsCert === undefined) !== (request.tlsKey === undefined)) command.error("error: --tls-cert and --tls-key go together");
      if (request.tlsCa !== undefined && request.tlsCert === undefined) command.error("error: --tls-ca needs --tls-cert and --tls-key");
      await serve(request);
    });
}

/** Takes IPv6 in brackets. */
function parseListen(text: string): GatewayRequest["listen"] {
  const [, host, bare, digits] = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const name = host ?? bare;
  if (name === undefined || !(port <= 65535)) throw new InvalidArgumentError("It must be host:port.");
  return { host: name, port };
}

function parsePositive(text: string): number {
  const value = Number(text);
  // No more than Node's limits take.
  if (!/^\d+$/.test(text) || value < 1 || value > 2 ** 31 - 1) {
    throw new InvalidArgumentError("It must be a whole number from 1 to 2147483647.");
  }
  return value;
}
