// The attempts of a call, as spans of their own and in the metrics of gRFC A66.
import type { Attempt, ClientCall } from "@grpc-study/rpc";
import { type Context, type Link, propagation, SpanKind, type Tracer, trace } from "@opentelemetry/api";
import type { Instruments, Subject } from "./instruments.ts";
import { attribute } from "./names.ts";
import { clientOutcome, endClientSpan } from "./outcome.ts";
import { setter } from "./propagation.ts";

/**
 * Gives each attempt a span inside that of the call, linked to the attempt before it. The server
 * continues the trace of the attempt that it receives. The name and the attributes follow gRFC A72.
 */
export function traceAttempts(call: ClientCall, { method, rpc }: Subject, within: Context, tracer: Tracer): void {
  let before: Link | undefined;
  call.onAttempt((attempt) => {
    const attributes = {
      ...rpc,
      [attribute.previousAttempts]: attempt.previousAttempts,
      [attribute.transparentRetry]: attempt.transparent,
    };
    const links = before === undefined ? [] : [before];
    const span = tracer.startSpan(`Attempt.${method}`, { kind: SpanKind.CLIENT, attributes, links }, within);
    before = { context: span.spanContext() };
    propagation.inject(trace.setSpan(within, span), attempt.metadata, setter);
    attempt.onEnd((error) => {
      endClientSpan(span, error, attempt.peer);
    });
  });
}

/** Measures the attempts. A call whose attempts the channel does not report is one attempt. */
export function measureAttempts(call: ClientCall, subject: Subject, instruments: Instruments): void {
  const measure = (end: (listener: (error: unknown) => void) => void) => {
    const startMs = performance.now();
    end((error) => instruments.attemptEnded(subject, (performance.now() - startMs) / 1000, clientOutcome(error)));
  };
  let reported = false;
  instruments.attemptStarted(subject);
  call.onAttempt((attempt) => {
    if (reported || !isFirst(attempt)) instruments.attemptStarted(subject);
    reported = true;
    measure((listener) => attempt.onEnd(listener));
  });
  measure((listener) =>
    call.onEnd((error) => {
      if (!reported) listener(error);
    }),
  );
}

function isFirst({ previousAttempts, transparent }: Attempt): boolean {
  return previousAttempts === 0 && !transparent;
}
