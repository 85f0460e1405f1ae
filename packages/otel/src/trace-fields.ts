// The ids of a trace, for the lines of a log.
import { type ContextValues, createContextKey } from "@grpc-study/rpc";
import { isSpanContextValid, type Span, trace } from "@opentelemetry/api";

/** The server span of a call. `serverTelemetry()` sets it. */
export const spanKey = createContextKey<Span>("OpenTelemetry span");

/** The ids of a trace, by the names of the OpenTelemetry data model for logs in other formats. */
export interface TraceFields {
  readonly trace_id?: string;
  readonly span_id?: string;
}

/**
 * Returns the ids of the active span, for the lines of a log. Empty without one.
 *
 * @param call returns the ids of this call's span instead: a handler's context, or the context that
 * `onError` gets, which runs outside of the span.
 *
 * @example
 * const log = pino({ mixin: () => traceFields() });
 */
export function traceFields(call?: { readonly values: ContextValues }): TraceFields {
  const span = call === undefined ? trace.getActiveSpan() : call.values.get(spanKey);
  return idsOf(span);
}

/** Returns the ids of a span. Empty without one, or if they are invalid. */
export function idsOf(span: Span | undefined): TraceFields {
  const ids = span?.spanContext();
  return ids !== undefined && isSpanContextValid(ids) ? { trace_id: ids.traceId, span_id: ids.spanId } : {};
}
