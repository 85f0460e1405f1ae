// Telemetry for the calls of a server.
import type { ServerCall, ServerInterceptor } from "@grpc-study/rpc";
import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { addPeer, serverAttributes } from "./address.ts";
import { Instruments, type Subject } from "./instruments.ts";
import { isPromise, MessagesIn } from "./messages.ts";
import { type Settings, settingsFrom, type TelemetryOptions } from "./options.ts";
import { endSpan, serverOutcome } from "./outcome.ts";
import { addMetadata, getter } from "./propagation.ts";
import { Sdk } from "./sdk.ts";
import { Subjects } from "./subjects.ts";
import { spanKey } from "./trace-fields.ts";
import { type Watch, watchOf } from "./watch-messages.ts";

/**
 * Returns an interceptor that gives each call a server span, which continues the trace of the
 * caller, and measures it. Handlers run inside the context of the span. It should be the first
 * interceptor, so that the others are inside the span. Without a registered SDK, it does nothing.
 *
 * It follows the OpenTelemetry semantic conventions v1.45 for gRPC. A span is an error if the code
 * is UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE or DATA_LOSS.
 *
 * @example
 * createServer({ interceptors: [serverTelemetry()] });
 *
 * @throws TypeError if an option is wrong.
 */
export function serverTelemetry(options: TelemetryOptions = {}): ServerInterceptor {
  const settings = settingsFrom("serverTelemetry()", options);
  const sdk = new Sdk(settings, (meter) => new Instruments(meter, "server", settings.metrics, { sizes: settings.messageSizes }));
  const subjects = new Subjects();
  function serverTelemetry(call: ServerCall, next: Next): ReturnType<ServerInterceptor> {
    const { tracer, instruments } = sdk;
    if (settings.ignore?.(call.method)) return next();
    const subject = subjects.of(call.method);
    if (instruments !== undefined) measure(call, subject, instruments);
    const span = tracer && startSpan(call, subject, tracer, settings);
    const watch = watchOf(call.method, { side: "server", span: span?.span, instruments, subject }, settings);
    if (watch !== undefined) return watched(call, next, span?.within ?? context.active(), watch);
    return span === undefined ? next() : context.with(span.within, next);
  }
  return Object.assign(serverTelemetry, { enabled: () => sdk.registered });
}

type Next = Parameters<ServerInterceptor>[1];
type Response = Awaited<ReturnType<Next>>;

function measure(call: ServerCall, subject: Subject, instruments: Instruments): void {
  const startMs = performance.now();
  instruments.started(subject);
  call.onEnd((error) => instruments.ended(subject, (performance.now() - startMs) / 1000, serverOutcome(error)));
}

function startSpan(
  call: ServerCall,
  subject: Subject,
  tracer: Tracer,
  settings: Settings,
): { readonly span: Span; readonly within: Context } {
  const parent = parentOf(call);
  const span = tracer.startSpan(subject.method, { kind: SpanKind.SERVER, attributes: attributesOf(call, subject, settings) }, parent);
  call.values.set(spanKey, span);
  call.onEnd((error) => endSpan(span, serverOutcome(error)));
  return { span, within: trace.setSpan(parent, span) };
}

function parentOf(call: ServerCall): Context {
  // The callbacks of a connection run in the context that was active when the server began to listen.
  const base = call.peer === "in-process" ? context.active() : ROOT_CONTEXT;
  return propagation.extract(base, call.metadata, getter);
}

function attributesOf(call: ServerCall, subject: Subject, { requestMetadata }: Settings): Attributes {
  const attributes = { ...subject.rpc, ...(call.authority && serverAttributes(call.authority)) };
  addPeer(attributes, call.peer);
  addMetadata(attributes, call.metadata, requestMetadata);
  return attributes;
}

function watched(call: ServerCall, next: Next, within: Context, watch: Watch): ReturnType<ServerInterceptor> {
  if (call.requests === undefined) call.request.then(watch.request, () => {});
  const change = call.requests && { requests: new MessagesIn(call.requests, within, watch.request) };
  const respond = (response: Response) => {
    if (response.messages !== undefined) return { messages: new MessagesIn(response.messages, within, watch.response) };
    watch.response(response.message);
    return response;
  };
  const response = context.with(within, next, undefined, change);
  return isPromise(response) ? response.then(respond) : respond(response);
}
