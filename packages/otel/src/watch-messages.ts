// Watches the messages of a call: as events of its span, and for their sizes.
import { type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import type { Attributes, Span } from "@opentelemetry/api";
import type { Instruments, Subject } from "./instruments.ts";
import { attribute, event } from "./names.ts";
import type { Method, Settings } from "./options.ts";

/** Receives the messages of a call. */
export interface Watch {
  readonly request: (message: Message) => void;
  readonly response: (message: Message) => void;
}

/** What watches a call: its span and its instruments, if it has them. */
export interface Watching {
  readonly side: "client" | "server";
  readonly span: Span | undefined;
  readonly instruments: Instruments | undefined;
  readonly subject: Subject;
}

/** Returns `undefined` if nothing watches the messages of a call. */
export function watchOf(method: Method, { side, span, instruments, subject }: Watching, settings: Settings): Watch | undefined {
  const recording = settings.messageEvents && span?.isRecording() ? span : undefined;
  const measuring = settings.messageSizes ? instruments : undefined;
  if (recording === undefined && measuring === undefined) return undefined;
  const [request, response] = side === "client" ? (["outbound", "inbound"] as const) : (["inbound", "outbound"] as const);
  const watch = (schema: DescMessage, direction: keyof typeof event, record: ((bytes: number) => void) | undefined) => {
    let sequenceNumber = 0;
    return (message: Message) => {
      const bytes = settings.messageSizes ? toBinary(schema, message).length : undefined;
      if (bytes !== undefined) record?.(bytes);
      if (recording === undefined) return;
      const attributes: Attributes = { [attribute.sequenceNumber]: sequenceNumber++ };
      if (bytes !== undefined) attributes[attribute.messageSize] = bytes;
      recording.addEvent(event[direction], attributes);
    };
  };
  return {
    request: watch(method.input, request, measuring && ((bytes) => measuring.request(subject, bytes))),
    response: watch(method.output, response, measuring && ((bytes) => measuring.response(subject, bytes))),
  };
}
