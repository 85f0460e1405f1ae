// How a call has ended, as attributes and as the status of a span.
import { Code, type CodeName, RpcError } from "@grpc-study/rpc";
import { type Attributes, type Span, SpanStatusCode } from "@opentelemetry/api";
import { addPeer } from "./address.ts";
import { attribute } from "./names.ts";

/** The codes that are faults of a server. The others are normal responses to a faulty request. */
const serverErrors: ReadonlySet<CodeName> = new Set<CodeName>([
  "UNKNOWN",
  "DEADLINE_EXCEEDED",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
]);

export interface Outcome {
  readonly code: CodeName;
  /** The value of `error.type`. Undefined if the call has not failed. */
  readonly errorType: string | undefined;
  readonly message: string;
  /** The error behind the status, which the peer does not receive. */
  readonly cause: Error | undefined;
}

export const ok: Outcome = { code: "OK", errorType: undefined, message: "", cause: undefined };

export function serverOutcome(error: RpcError | undefined): Outcome {
  if (error === undefined) return ok;
  const code = Code[error.code];
  return { code, errorType: serverErrors.has(code) ? code : undefined, message: error.message, cause: causeOf(error) };
}

/** The outcome of a call of which only the code is known. */
export function outcomeOfCode(number: Code, side: "client" | "server"): Outcome {
  const code = Code[number];
  const failed = side === "client" ? code !== "OK" : serverErrors.has(code);
  return { code, errorType: failed ? code : undefined, message: "", cause: undefined };
}

/**
 * @param error what the caller receives, which may be any value that its own code has thrown.
 * Undefined for OK.
 */
export function clientOutcome(error: unknown): Outcome {
  if (error === undefined) return ok;
  if (!(error instanceof RpcError)) {
    const type = error instanceof Error ? error.name : typeof error;
    return { code: "UNKNOWN", errorType: type, message: error instanceof Error ? error.message : "", cause: undefined };
  }
  const code = Code[error.code];
  return { code, errorType: code, message: error.message, cause: causeOf(error) };
}

function causeOf({ cause }: RpcError): Error | undefined {
  return cause instanceof Error ? cause : undefined;
}

/** The attributes of a call that has ended, for spans and for metrics. */
export function addOutcome(attributes: Attributes, { code, errorType }: Outcome): void {
  attributes[attribute.rpcStatusCode] = code;
  if (errorType !== undefined) attributes[attribute.errorType] = errorType;
}

/**
 * Ends the span of a call.
 *
 * @param endedAt by `performance.now()`. The SDK would count milliseconds since 1970 by another clock
 *   than that of the start. Default: now.
 */
export function endSpan(span: Span, outcome: Outcome, endedAt?: number): void {
  if (span.isRecording()) {
    const attributes: Attributes = {};
    addOutcome(attributes, outcome);
    span.setAttributes(attributes);
    if (outcome.cause !== undefined) span.recordException(outcome.cause);
    if (outcome.errorType !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.message });
  }
  span.end(endedAt);
}

/**
 * Ends the span of a client's call, or of an attempt.
 *
 * @param peer the address of the server, if the call had a connection.
 */
export function endClientSpan(span: Span, error: unknown, peer: string | undefined): void {
  if (span.isRecording()) {
    const attributes: Attributes = {};
    addPeer(attributes, peer);
    span.setAttributes(attributes);
  }
  endSpan(span, clientOutcome(error));
}
