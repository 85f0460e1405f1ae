// The attempts of a call, as spans of their own.
import type { Attempt, ClientCall } from "@grpc-study/rpc";
import { type Context, type Link, propagation, SpanKind, type Tracer, trace } from "@opentelemetry/api";
import { addPeer } from "./address.ts";
import type { Subject } from "./instruments.ts";
import { attribute } from "./names.ts";
import { clientOutcome, endSpan, ok } from "./outcome.ts";
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
      if (span.isRecording()) span.setAttributes(peerOf(attempt));
      endSpan(span, error === undefined ? ok : clientOutcome(error));
    });
  });
}

function peerOf({ peer }: Attempt) {
  const attributes = {};
  if (peer !== undefined) addPeer(attributes, peer);
  return attributes;
}
