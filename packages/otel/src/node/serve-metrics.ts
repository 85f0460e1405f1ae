// The endpoint that Prometheus scrapes.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { TelemetryError } from "./telemetry-error.ts";

export interface MetricsEndpoint {
  readonly reader: PrometheusExporter;
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves `GET /metrics`, and nothing else. The exporter's own server cannot take a free port, and
 * answers every method.
 *
 * @throws TelemetryError if the address cannot be used.
 */
export async function serveMetrics(reader: PrometheusExporter, address: string): Promise<MetricsEndpoint> {
  const groups = /^(?:\[(?<v6>[\da-fA-F:.]+)\]|(?<name>[\w.-]+)):(?<port>\d{1,5})$/.exec(address)?.groups;
  const host = groups?.["v6"] ?? groups?.["name"];
  const port = Number(groups?.["port"]);
  if (host === undefined || port > 65_535) throw new TelemetryError(`cannot serve metrics on ${address}: write host:port`);
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => answer(reader, request, response));
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen({ host, port }, resolve);
    });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const problem = code === "EADDRINUSE" ? "it is already in use" : message;
    throw new TelemetryError(`cannot serve metrics on ${address}: ${problem}`, { cause });
  }
  // It serves as long as the program runs.
  server.unref();
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { reader, url: `http://${formatted(host)}:${(server.address() as AddressInfo).port}/metrics`, close };
}

function answer(reader: PrometheusExporter, request: IncomingMessage, response: ServerResponse): void {
  const [path] = request.url?.split("?") ?? [];
  if (path !== "/metrics") response.writeHead(404).end();
  else if (request.method !== "GET" && request.method !== "HEAD") response.writeHead(405, { allow: "GET, HEAD" }).end();
  else reader.getMetricsRequestHandler(request, response);
}

function formatted(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
