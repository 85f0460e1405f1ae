// @grpc-study/otel/gateway: telemetry for the requests of @grpc-study/gateway, and their calls to the
// upstream. It does not import the gateway: the types below are those of its option `observe`.
import { Code, type Metadata } from "@grpc-study/rpc";
import { type Context, propagation, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import { commonAttributes, HttpInstruments, type HttpRequestInfo, responseAttributes, spanAttributes, spanName } from "./http.ts";
import { Instruments, type Subject } from "./instruments.ts";
import { settingsFrom, type TelemetryOptions } from "./options.ts";
import { endSpan, type Outcome, ok, outcomeOfCode } from "./outcome.ts";
import { headerGetter, setter } from "./propagation.ts";
import { Sdk } from "./sdk.ts";
import { subjectOf } from "./subjects.ts";
import { idsOf } from "./trace-fields.ts";

/** The call to an upstream that a request causes. */
interface GatewayCall {
  readonly method: string;
  readonly target: string;
  readonly metadata: Metadata;
}

/** How a request has ended. */
interface GatewayEnd {
  readonly code: Code;
  readonly status: number;
  readonly route: string | undefined;
  readonly callEndedAt: number | undefined;
}

/** Observes one request. */
export interface GatewayRequestObserver {
  readonly logFields: { readonly trace_id?: string; readonly span_id?: string };
  call(call: GatewayCall): void;
  end(end: GatewayEnd): void;
}

/** The options of `gatewayTelemetry()`. */
export type GatewayTelemetryOptions = Pick<TelemetryOptions, "traces" | "metrics" | "tracerProvider" | "meterProvider">;

const names: readonly (keyof GatewayTelemetryOptions)[] = ["traces", "metrics", "tracerProvider", "meterProvider"];

/** The observer of a gateway: its option `observe`. */
export interface GatewayTelemetry {
  (request: HttpRequestInfo, protocol: "http" | "grpc"): GatewayRequestObserver;
  readonly enabled: () => boolean;
}

/**
 * Returns an observer for the option `observe` of a gateway. Each request has a server span, which
 * continues the trace of the client, and its call to the upstream a client span inside it, whose
 * context the upstream receives. Without a registered SDK, it does nothing.
 *
 * Requests in REST, WebSockets, Connect and gRPC-Web have the spans and metrics of the semantic
 * conventions for HTTP, requests in gRPC and calls to the upstream those for gRPC. Attempts have
 * neither spans nor metrics. The lines of a request in the gateway's log have `trace_id` and
 * `span_id`.
 *
 * @example
 * createGateway({ services: [Greeter], upstream: "localhost:50051", observe: gatewayTelemetry() });
 *
 * @throws TypeError if an option is wrong.
 */
export function gatewayTelemetry(options: GatewayTelemetryOptions = {}): GatewayTelemetry {
  const settings = settingsFrom("gatewayTelemetry()", options, names);
  const sdk = new Sdk(settings, (meter) => ({
    http: new HttpInstruments(meter),
    server: new Instruments(meter, "server", settings.metrics),
    client: new Instruments(meter, "client", settings.metrics),
  }));
  const observe = (request: HttpRequestInfo, protocol: "http" | "grpc") =>
    new RequestTelemetry(request, protocol, sdk.tracer, sdk.instruments);
  return Object.assign(observe, { enabled: () => sdk.registered });
}

interface GatewayInstruments {
  readonly http: HttpInstruments;
  readonly server: Instruments;
  readonly client: Instruments;
}

/** A call to the upstream that runs. */
interface RunningCall {
  readonly subject: Subject;
  readonly span: Span | undefined;
  readonly startMs: number;
}

class RequestTelemetry implements GatewayRequestObserver {
  readonly #request: HttpRequestInfo;
  /** The attributes of the server's metrics of a request in gRPC. Undefined for HTTP. */
  readonly #subject: Subject | undefined;
  readonly #tracer: Tracer | undefined;
  readonly #instruments: GatewayInstruments | undefined;
  readonly #span: Span | undefined;
  readonly #within: Context;
  readonly #startMs = performance.now();
  #call: RunningCall | undefined;

  constructor(
    request: HttpRequestInfo,
    protocol: "http" | "grpc",
    tracer: Tracer | undefined,
    instruments: GatewayInstruments | undefined,
  ) {
    this.#request = request;
    this.#subject = protocol === "grpc" ? subjectOf(request.path, undefined) : undefined;
    this.#tracer = tracer;
    this.#instruments = instruments;
    const parent = propagation.extract(ROOT_CONTEXT, request.headers, headerGetter);
    if (tracer !== undefined) {
      const attributes = this.#subject?.rpc ?? spanAttributes(request);
      const name = this.#subject?.method ?? spanName(request, undefined);
      this.#span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
    }
    this.#within = this.#span === undefined ? parent : trace.setSpan(parent, this.#span);
    if (this.#subject === undefined) instruments?.http.started(commonAttributes(request));
    else instruments?.server.started(this.#subject);
  }

  get logFields(): GatewayRequestObserver["logFields"] {
    return idsOf(this.#span);
  }

  call({ method, target, metadata }: GatewayCall): void {
    const subject = subjectOf(method, target);
    const span = this.#tracer?.startSpan(subject.method, { kind: SpanKind.CLIENT, attributes: { ...subject.rpc } }, this.#within);
    this.#call = { subject, span, startMs: performance.now() };
    this.#instruments?.client.started(subject);
    if (span !== undefined) propagation.inject(trace.setSpan(this.#within, span), metadata, setter);
  }

  end(end: GatewayEnd): void {
    this.#endCall(end);
    const seconds = (performance.now() - this.#startMs) / 1000;
    if (this.#subject === undefined) this.#endHttp(end, seconds);
    else {
      const outcome = outcomeOfCode(end.code, "server");
      this.#instruments?.server.ended(this.#subject, seconds, outcome);
      if (this.#span !== undefined) endSpan(this.#span, outcome);
    }
  }

  #endCall({ code, callEndedAt }: GatewayEnd): void {
    if (this.#call === undefined) return;
    const { subject, span, startMs } = this.#call;
    const outcome: Outcome = code === Code.OK ? ok : outcomeOfCode(code, "client");
    const endedAt = callEndedAt ?? performance.now();
    this.#instruments?.client.ended(subject, (endedAt - startMs) / 1000, outcome);
    if (span !== undefined) endSpan(span, outcome, endedAt);
  }

  #endHttp({ status, route }: GatewayEnd, seconds: number): void {
    const response = responseAttributes(status, route);
    this.#instruments?.http.ended(commonAttributes(this.#request), seconds, response);
    const span = this.#span;
    if (span === undefined) return;
    span.setAttributes(response);
    span.updateName(spanName(this.#request, route));
    if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }
}
