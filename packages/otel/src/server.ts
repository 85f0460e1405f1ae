// Telemetry for the calls of a server.
import { Code, type ServerCall, type ServerInterceptor, type UnknownCall } from "@grpc-study/rpc";
import { type Attributes, type Context, context, propagation, ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import { addPeer, serverAttributes } from "./address.ts";
import { Instruments, type Subject } from "./instruments.ts";
import { Messages } from "./messages.ts";
import { attribute } from "./names.ts";
import { type Settings, settingsFrom, type TelemetryOptions } from "./options.ts";
import { endSpan, outcomeOfCode, serverOutcome } from "./outcome.ts";
import { addMetadata, getter } from "./propagation.ts";
import { Sdk } from "./sdk.ts";
import { originalMethod, Subjects, unknownSpanName, unknownSubject } from "./subjects.ts";
import { spanKey } from "./trace-fields.ts";

/**
 * Returns an interceptor that gives each call a server span, which continues the trace of the
 * caller, and measures it. Handlers run inside the context of the span. It should be the first
 * interceptor, so that the others are inside the span. Without a registered SDK, it does nothing.
 *
 * It follows the OpenTelemetry semantic conventions v1.45 for gRPC. A span is an error if the code
 * is UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE or DATA_LOSS. Calls to methods
 * that the server does not have are `_OTHER`.
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
    const startMs = performance.now();
    instruments?.started(subject);
    const parent = tracer === undefined ? undefined : parentOf(call);
    const span = tracer?.startSpan(subject.method, { kind: SpanKind.SERVER, attributes: attributesOf(call, subject, settings) }, parent);
    if (span !== undefined) call.values.set(spanKey, span);
    const messages = new Messages(settings.messageEvents && span?.isRecording() ? span : undefined);
    if (messages.hasEvents || instruments?.observesMessages) {
      call.onMessageSize((message) => {
        instruments?.message(subject, message);
        messages.add(message);
      });
    }
    call.onEnd((error) => {
      const outcome = serverOutcome(error);
      instruments?.ended(subject, (performance.now() - startMs) / 1000, outcome, messages);
      if (span !== undefined) endSpan(span, outcome);
    });
    return span === undefined || parent === undefined ? next() : context.with(trace.setSpan(parent, span), next);
  }
  function unknown(call: UnknownCall): void {
    const { tracer, instruments } = sdk;
    instruments?.started(unknownSubject);
    const outcome = outcomeOfCode(Code.UNIMPLEMENTED, "server");
    if (tracer !== undefined) {
      const attributes = { ...attributesOf(call, unknownSubject, settings), [attribute.rpcMethodOriginal]: originalMethod(call.path) };
      endSpan(tracer.startSpan(unknownSpanName, { kind: SpanKind.SERVER, attributes }, parentOf(call)), outcome);
    }
    instruments?.ended(unknownSubject, 0, outcome, new Messages(undefined));
  }
  return Object.assign(serverTelemetry, { enabled: () => sdk.registered, unknown });
}

type Next = Parameters<ServerInterceptor>[1];

/** What a call, and a call to an unknown method, have in common. */
type AnyCall = Pick<UnknownCall, "metadata" | "peer" | "authority">;

function parentOf(call: AnyCall): Context {
  // The callbacks of a connection run in the context that was active when the server began to listen.
  const base = call.peer === "in-process" ? context.active() : ROOT_CONTEXT;
  return propagation.extract(base, call.metadata, getter);
}

function attributesOf(call: AnyCall, subject: Subject, { requestMetadata }: Settings): Attributes {
  const attributes = { ...subject.rpc, ...(call.authority && serverAttributes(call.authority)) };
  addPeer(attributes, call.peer);
  addMetadata(attributes, call.metadata, requestMetadata);
  return attributes;
}
