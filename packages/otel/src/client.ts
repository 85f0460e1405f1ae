// Telemetry for the calls of a client.
import type { ClientCall, ClientInterceptor, Metadata } from "@grpc-study/rpc";
import { type Attributes, type Context, context, propagation, type Span, SpanKind, type Tracer, trace } from "@opentelemetry/api";
import { measureAttempts, traceAttempts } from "./attempts.ts";
import { Instruments, type Subject } from "./instruments.ts";
import { MessagesIn } from "./messages.ts";
import { type Settings, settingsFrom, type TelemetryOptions } from "./options.ts";
import { clientOutcome, endClientSpan } from "./outcome.ts";
import { addMetadata, setter } from "./propagation.ts";
import { Sdk } from "./sdk.ts";
import { Subjects } from "./subjects.ts";
import { type Watch, watchOf } from "./watch-messages.ts";

/**
 * Returns an interceptor that gives each call a client span, whose context it sends to the server,
 * and measures it. The span lasts until the caller has the response, with all retries. If the call
 * has a retry or hedging policy, or is retried transparently, each attempt has a span inside it. It
 * should be the first interceptor, so that the others are inside the span. Without a registered SDK,
 * it does nothing.
 *
 * It follows the OpenTelemetry semantic conventions v1.45 for gRPC. A span is an error if the code
 * is not OK.
 *
 * @example
 * createClient(Greeter, "localhost:50051", { interceptors: [clientTelemetry()] });
 *
 * @throws TypeError if an option is wrong.
 */
export function clientTelemetry(options: TelemetryOptions = {}): ClientInterceptor {
  const settings = settingsFrom("clientTelemetry()", options);
  const sdk = new Sdk(
    settings,
    (meter) => new Instruments(meter, "client", settings.metrics, { sizes: settings.messageSizes, attempts: true }),
  );
  const subjects = new Subjects();
  function clientTelemetry(call: ClientCall, next: Next): ReturnType<ClientInterceptor> {
    const { tracer, instruments } = sdk;
    if (settings.ignore?.(call.method)) return next();
    const subject = subjects.of(call.method, call.channel.target);
    if (instruments !== undefined) measure(call, subject, instruments);
    const span = tracer && startSpan(call, subject, tracer, settings);
    const within = span?.within ?? context.active();
    const watch = watchOf(call.method, { side: "client", span: span?.span, instruments, subject }, settings);
    if (watch !== undefined) return watched(call, next, within, watch);
    return span === undefined ? next() : context.with(within, next);
  }
  return Object.assign(clientTelemetry, { enabled: () => sdk.registered });
}

type Next = Parameters<ClientInterceptor>[1];
type Response = Awaited<ReturnType<Next>>;

function measure(call: ClientCall, subject: Subject, instruments: Instruments): void {
  const startMs = performance.now();
  instruments.started(subject);
  if (instruments.measuresAttempts) measureAttempts(call, subject, instruments);
  call.onEnd((error) => instruments.ended(subject, (performance.now() - startMs) / 1000, clientOutcome(error)));
}

function startSpan(
  call: ClientCall,
  subject: Subject,
  tracer: Tracer,
  settings: Settings,
): { readonly span: Span; readonly within: Context } {
  const parent = context.active();
  const span = tracer.startSpan(subject.method, { kind: SpanKind.CLIENT, attributes: attributesOf(call, subject, settings) }, parent);
  const within = trace.setSpan(parent, span);
  propagation.inject(within, call.metadata, setter);
  traceAttempts(call, subject, within, tracer);
  call.onEnd((error) => endClientSpan(span, error, call.peer));
  return { span, within };
}

function attributesOf(call: ClientCall, subject: Subject, { requestMetadata }: Settings): Attributes {
  const attributes = { ...subject.rpc };
  addMetadata(attributes, call.metadata, requestMetadata);
  return attributes;
}

async function watched(call: ClientCall, next: Next, within: Context, watch: Watch): Promise<Response> {
  if (call.requests === undefined) watch.request(call.request);
  const change = call.requests && { requests: new MessagesIn(call.requests, within, watch.request) };
  const response = await context.with(within, next, undefined, change);
  if (response.messages !== undefined) return new CountedResponse(response, new MessagesIn(response.messages, within, watch.response));
  watch.response(response.message);
  return response;
}

/** A response whose messages are counted, with the metadata of the original one. */
class CountedResponse {
  readonly #response: Response;
  readonly messages: MessagesIn<NonNullable<Response["messages"]> extends AsyncIterable<infer T> ? T : never>;

  constructor(response: Response, messages: CountedResponse["messages"]) {
    this.#response = response;
    this.messages = messages;
  }

  get header(): Metadata {
    return this.#response.header;
  }

  get trailer(): Metadata | undefined {
    return this.#response.trailer;
  }
}
