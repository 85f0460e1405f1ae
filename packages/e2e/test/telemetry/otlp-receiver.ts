// A receiver of OTLP over HTTP with protobuf, the default of OpenTelemetry SDKs
// (https://opentelemetry.io/docs/specs/otlp/#otlphttp).
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { fromBinary } from "@bufbuild/protobuf";
import { ExportMetricsServiceRequestSchema } from "../../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import { ExportTraceServiceRequestSchema } from "../../gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js";
import type { KeyValue } from "../../gen/opentelemetry/proto/common/v1/common_pb.js";
import type { Span as OtlpSpan } from "../../gen/opentelemetry/proto/trace/v1/trace_pb.js";

export interface Span {
  readonly service: string;
  readonly name: string;
  readonly kind: OtlpSpan["kind"];
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface Metric {
  readonly service: string;
  readonly name: string;
  readonly attributes: readonly Readonly<Record<string, unknown>>[];
}

export interface OtlpReceiver extends AsyncDisposable {
  /** The variables that make an SDK export to it. */
  readonly env: Readonly<Record<string, string>>;
  readonly spans: readonly Span[];
  readonly metrics: readonly Metric[];
  /** The paths of other requests. */
  readonly others: readonly string[];
}

function record(attributes: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => {
      const given = value?.value.value;
      return [key, typeof given === "bigint" ? Number(given) : given];
    }),
  );
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: Span[] = [];
  const metrics: Metric[] = [];
  const others: string[] = [];
  const server = createServer(async (request, response) => {
    if (request.headers["content-type"] !== "application/x-protobuf") {
      others.push(`${request.url} ${await text(request)}`);
      response.writeHead(415).end();
      return;
    }
    const body = await buffer(request);
    const bytes = request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
    if (request.url === "/v1/traces") {
      for (const { resource, scopeSpans } of fromBinary(ExportTraceServiceRequestSchema, bytes).resourceSpans) {
        const service = String(record(resource?.attributes ?? [])["service.name"]);
        for (const { name, kind, traceId, spanId, parentSpanId, attributes } of scopeSpans.flatMap((scope) => scope.spans))
          spans.push({
            service,
            name,
            kind,
            traceId: hex(traceId),
            spanId: hex(spanId),
            parentId: hex(parentSpanId),
            attributes: record(attributes),
          });
      }
    } else if (request.url === "/v1/metrics") {
      for (const { resource, scopeMetrics } of fromBinary(ExportMetricsServiceRequestSchema, bytes).resourceMetrics) {
        const service = String(record(resource?.attributes ?? [])["service.name"]);
        for (const { name, data } of scopeMetrics.flatMap((scope) => scope.metrics)) {
          const points = data.value !== undefined && "dataPoints" in data.value ? data.value.dataPoints : [];
          metrics.push({ service, name, attributes: points.map(({ attributes }) => record(attributes)) });
        }
      }
    } else others.push(request.url ?? "");
    response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_BSP_SCHEDULE_DELAY: "50" },
    spans,
    metrics,
    others,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
