// @grpc-study/otel/gateway: telemetry for the requests of @grpc-study/gateway, and their calls to the
// upstream. It does not import the gateway: the types below are those of its option `observe`.
import { type Attempt, Code, type MessageSize, type Metadata } from "@grpc-study/rpc";
import type { Names } from "@grpc-study/rpc/checks";
import { type Context, propagation, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import { Attempts } from "./attempts.ts";
import { commonAttributes, HttpInstruments, type HttpRequestInfo, responseAttributes, spanAttributes, spanName } from "./http.ts";
import { Instruments, type Subject } from "./instruments.ts";
import { Messages } from "./messages.ts";
import { attribute } from "./names.ts";
import { settingsFrom, type TelemetryOptions } from "./options.ts";
import { endSpan, type Outcome, ok, outcomeOfCode } from "./outcome.ts";
import { headerGetter, setter } from "./propagation.ts";
import { Sdk } from "./sdk.ts";
import { originalMethod, subjectOf, unknownSpanName, unknownSubject } from "./subjects.ts";
import { idsOf } from "./trace-fields.ts";

/** The call to an upstream that a request causes. */
interface GatewayCall {
  readonly method: string;
  readonly target: string;
  readonly metadata: Metadata;
  onAttempt(observer: (attempt: Attempt) => void): void;
  onMessageSize(observer: (message: MessageSize) => void): void;
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
  /** Undefined if the sizes of messages are not measured. */
  readonly message: ((message: MessageSize) => void) | undefined;
  call(call: GatewayCall): void;
  end(end: GatewayEnd): void;
}

/** The options of `gatewayTelemetry()`. */
export type GatewayTelemetryOptions = Pick<TelemetryOptions, "traces" | "metrics" | "tracerProvider" | "meterProvider">;

const names: Names<GatewayTelemetryOptions> = { traces: true, metrics: true, tracerProvider: true, meterProvider: true };

/** The observer of a gateway: its option `observe`. */
export interface GatewayTelemetry {
  (request: HttpRequestInfo, protocol: "http" | "grpc", route?: string): GatewayRequestObserver;
  readonly enabled: () => boolean;
}

/**
 * Returns an observer for the option `observe` of a gateway. Each request has a server span, which
 * continues the trace of the client, and its call to the upstream a client span inside it, whose
 * context the upstream receives. Without a registered SDK, it does nothing.
 *
 * Requests in REST, WebSockets, Connect and gRPC-Web have the spans and metrics of the semantic
 * conventions for HTTP, requests in gRPC and calls to the upstream those for gRPC. If the channel of
 * the upstream has a retry or hedging policy, each attempt has a span inside that of the call. The
 * lines of a request in the gateway's log have `trace_id` and `span_id`.
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
    client: new Instruments(meter, "client", settings.metrics, { attempts: true }),
  }));
  const observe = (request: HttpRequestInfo, protocol: "http" | "grpc", route?: string) => {
    const subject = protocol === "http" ? undefined : route === undefined ? unknownSubject : subjectOf(route, undefined);
    return new RequestTelemetry(request, subject, sdk.tracer, sdk.instruments);
  };
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
  readonly attempts: Attempts;
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
  readonly #messages = new Messages(undefined);
  readonly message: ((message: MessageSize) => void) | undefined;
  #call: RunningCall | undefined;

  /** @param subject the method of a request in gRPC. Undefined for HTTP. */
  constructor(
    request: HttpRequestInfo,
    subject: Subject | undefined,
    tracer: Tracer | undefined,
    instruments: GatewayInstruments | undefined,
  ) {
    this.#request = request;
    this.#subject = subject;
    this.message = subject === undefined || !instruments?.server.observesMessages ? undefined : (message) => this.#messages.add(message);
    this.#tracer = tracer;
    this.#instruments = instruments;
    const parent = propagation.extract(ROOT_CONTEXT, request.headers, headerGetter);
    if (tracer !== undefined) {
      const unknown = subject === unknownSubject;
      const attributes = {
        ...(subject?.rpc ?? spanAttributes(request)),
        ...(unknown && { [attribute.rpcMethodOriginal]: originalMethod(request.path) }),
      };
      const name = unknown ? unknownSpanName : (subject?.method ?? spanName(request, undefined));
      this.#span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
    }
    this.#within = this.#span === undefined ? parent : trace.setSpan(parent, this.#span);
    if (this.#subject === undefined) instruments?.http.started(commonAttributes(request));
    else instruments?.server.started(this.#subject);
  }

  get logFields(): GatewayRequestObserver["logFields"] {
    return idsOf(this.#span);
  }

  call(call: GatewayCall): void {
    const subject = subjectOf(call.method, call.target);
    const tracer = this.#tracer;
    const instruments = this.#instruments?.client;
    const startMs = performance.now();
    const span = tracer?.startSpan(subject.method, { kind: SpanKind.CLIENT, attributes: { ...subject.rpc } }, this.#within);
    instruments?.started(subject);
    const within = span === undefined ? this.#within : trace.setSpan(this.#within, span);
    if (span !== undefined) propagation.inject(within, call.metadata, setter);
    const attempts = new Attempts(call, { subject, tracer, instruments, span, within, events: false });
    this.#call = { subject, span, startMs, attempts };
  }

  end(end: GatewayEnd): void {
    this.#endCall(end);
    const seconds = (performance.now() - this.#startMs) / 1000;
    if (this.#subject === undefined) this.#endHttp(end, seconds);
    else {
      const outcome = outcomeOfCode(end.code, "server");
      this.#instruments?.server.ended(this.#subject, seconds, outcome, this.#messages);
      if (this.#span !== undefined) endSpan(this.#span, outcome);
    }
  }

  #endCall({ code, callEndedAt }: GatewayEnd): void {
    if (this.#call === undefined) return;
    const { subject, span, startMs, attempts } = this.#call;
    const outcome: Outcome = code === Code.OK ? ok : outcomeOfCode(code, "client");
    const endedAt = callEndedAt ?? performance.now();
    this.#instruments?.client.ended(subject, (endedAt - startMs) / 1000, outcome);
    attempts.ended(outcome, endedAt);
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
