// The attempts of a client's call: as spans of their own, and in the metrics of gRFC A66.
import { type Attempt, type ClientCall, Code } from "@grpc-study/rpc";
import { type Context, type Link, propagation, type Span, SpanKind, type Tracer, trace } from "@opentelemetry/api";
import type { Instruments, Subject } from "./instruments.ts";
import { Messages } from "./messages.ts";
import { attribute } from "./names.ts";
import { clientOutcome, endClientSpan, type Outcome, outcomeOfCode } from "./outcome.ts";
import { setter } from "./propagation.ts";

/** A call of a client, or of a gateway, which need not tell its channel. */
type ObservedCall = Pick<ClientCall, "onAttempt" | "onMessageSize"> & { readonly channel?: ClientCall["channel"] };

/** What observes a call, as far as it is observed. */
export interface CallTelemetry {
  readonly subject: Subject;
  readonly tracer: Tracer | undefined;
  readonly instruments: Instruments | undefined;
  readonly span: Span | undefined;
  /** The context of the span. */
  readonly within: Context;
  /** Whether messages are events of spans. */
  readonly events: boolean;
}

/**
 * Observes the attempts of a call, and its messages, which are those of its attempts. A call whose
 * attempts the channel does not report is one attempt.
 */
export class Attempts {
  readonly #of: CallTelemetry;
  readonly #startMs = performance.now();
  readonly #wireSizes: boolean;
  /** The messages of the call, until an attempt is reported. */
  readonly #messages: Messages;
  #reported = false;
  #before: Link | undefined;

  constructor(call: ObservedCall, telemetry: CallTelemetry) {
    this.#of = telemetry;
    this.#wireSizes = call.channel?.wireSizes ?? true;
    const { subject, tracer, instruments, span } = telemetry;
    instruments?.attemptStarted(subject);
    this.#messages = new Messages(telemetry.events && span?.isRecording() ? span : undefined, this.#wireSizes);
    if (this.#messages.hasEvents || instruments?.observesMessages) {
      call.onMessageSize((message) => {
        instruments?.message(subject, message);
        if (!this.#reported) this.#messages.add(message);
      });
    }
    if (tracer !== undefined || instruments?.measuresAttempts) call.onAttempt((attempt) => this.#begin(attempt));
  }

  #begin(attempt: Attempt): void {
    const { subject, instruments } = this.#of;
    const first = isFirst(attempt);
    // The first attempt was the call itself, and the server has not seen it.
    if (!this.#reported && !first) this.ended(outcomeOfCode(Code.UNAVAILABLE, "client"), performance.now());
    if (this.#reported || !first) instruments?.attemptStarted(subject);
    this.#reported = true;
    const startMs = performance.now();
    const span = this.#startSpan(attempt);
    const messages = new Messages(this.#of.events ? span : undefined, this.#wireSizes);
    if (this.#of.events || instruments?.measuresAttempts) attempt.onMessageSize((message) => messages.add(message));
    attempt.onEnd((error) => {
      instruments?.attemptEnded(subject, (performance.now() - startMs) / 1000, clientOutcome(error), messages);
      if (span !== undefined) endClientSpan(span, error, attempt.peer);
    });
  }

  /**
   * Starts a span inside that of the call, linked to the attempt before it. The server continues the
   * trace of the attempt that it receives. The name and the attributes follow gRFC A72.
   */
  #startSpan(attempt: Attempt): Span | undefined {
    const { tracer, within, subject } = this.#of;
    if (tracer === undefined) return undefined;
    const attributes = {
      ...subject.rpc,
      [attribute.previousAttempts]: attempt.previousAttempts,
      [attribute.transparentRetry]: attempt.transparent,
    };
    const links = this.#before === undefined ? [] : [this.#before];
    const span = tracer.startSpan(`Attempt.${subject.method}`, { kind: SpanKind.CLIENT, attributes, links }, within);
    this.#before = { context: span.spanContext() };
    propagation.inject(trace.setSpan(within, span), attempt.metadata, setter);
    return span;
  }

  /** The call has ended. It is an attempt if none has been reported. */
  ended(outcome: Outcome, endMs: number): void {
    if (this.#reported) return;
    const { subject, instruments } = this.#of;
    instruments?.attemptEnded(subject, (endMs - this.#startMs) / 1000, outcome, this.#messages);
  }
}

function isFirst({ previousAttempts, transparent }: Attempt): boolean {
  return previousAttempts === 0 && !transparent;
}
