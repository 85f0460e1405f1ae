// Telemetry for the calls of a client.
import type { ClientCall, ClientInterceptor } from "@grpc-study/rpc";
import { type Attributes, type Context, context, propagation, type Span, SpanKind, type Tracer, trace } from "@opentelemetry/api";
import { Attempts } from "./attempts.ts";
import { Instruments, type Subject } from "./instruments.ts";
import { type Settings, settingsFrom, type TelemetryOptions } from "./options.ts";
import { clientOutcome, endClientSpan } from "./outcome.ts";
import { addMetadata, setter } from "./propagation.ts";
import { Sdk } from "./sdk.ts";
import { Subjects } from "./subjects.ts";

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
    const startMs = performance.now();
    instruments?.started(subject);
    const parent = context.active();
    const span = tracer && startSpan(call, subject, tracer, parent, settings);
    const within = span === undefined ? parent : trace.setSpan(parent, span);
    if (span !== undefined) propagation.inject(within, call.metadata, setter);
    const attempts = new Attempts(call, { subject, tracer, instruments, span, within, events: settings.messageEvents });
    call.onEnd((error) => {
      const endMs = performance.now();
      if (instruments !== undefined) {
        const outcome = clientOutcome(error);
        instruments.ended(subject, (endMs - startMs) / 1000, outcome);
        attempts.ended(outcome, endMs);
      }
      if (span !== undefined) endClientSpan(span, error, call.peer);
    });
    return span === undefined ? next() : context.with(within, next);
  }
  return Object.assign(clientTelemetry, { enabled: () => sdk.registered });
}

type Next = Parameters<ClientInterceptor>[1];

function startSpan(call: ClientCall, subject: Subject, tracer: Tracer, parent: Context, { requestMetadata }: Settings): Span {
  const attributes: Attributes = { ...subject.rpc };
  addMetadata(attributes, call.metadata, requestMetadata);
  return tracer.startSpan(subject.method, { kind: SpanKind.CLIENT, attributes }, parent);
}
