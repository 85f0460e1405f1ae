// The sizes of the messages of a call or an attempt: as events of its span (gRFC A72), and as totals on
// the wire (gRFC A66).
import type { MessageSize } from "@grpc-study/rpc";
import type { Attributes, Span } from "@opentelemetry/api";
import { attribute, event } from "./names.ts";

/** The bytes of all messages on the wire. Undefined if the transport does not know them. */
export interface Totals {
  readonly sent: number | undefined;
  readonly received: number | undefined;
}

export class Messages implements Totals {
  sent: number | undefined;
  received: number | undefined;
  readonly #span: Span | undefined;
  #numbers = { sent: 0, received: 0 };

  /**
   * @param span gets an event for each message. Undefined without events.
   * @param wireSizes whether the transport knows the sizes on the wire. The total of a call without
   * messages would otherwise be 0, and only such calls would have one.
   */
  constructor(span: Span | undefined, wireSizes = true) {
    this.#span = span;
    this.sent = this.received = wireSizes ? 0 : undefined;
  }

  /** Whether messages are events. */
  get hasEvents(): boolean {
    return this.#span !== undefined;
  }

  add(message: MessageSize): void {
    const { direction, wireBytes } = message;
    const total = this[direction];
    this[direction] = total === undefined || wireBytes === undefined ? undefined : total + wireBytes;
    if (this.#span !== undefined) addEvents(this.#span, message, this.#numbers[direction]++);
  }
}

/** A compressed message has two events, in the order in which it becomes so. */
function addEvents(span: Span, { direction, bytes, wireBytes = bytes }: MessageSize, number: number): void {
  const common: Attributes = { [attribute.sequenceNumber]: number };
  const plain = () => span.addEvent(event[direction], { ...common, [attribute.messageSize]: bytes });
  const compressed = () => span.addEvent(event.compressed[direction], { ...common, [attribute.compressedSize]: wireBytes });
  if (direction === "sent") plain();
  if (wireBytes !== bytes) compressed();
  if (direction === "received") plain();
}
