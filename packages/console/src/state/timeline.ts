// When the messages of a call went and came.
import type { CallRecord, Counts } from "./record.ts";

/** Messages of a part of the time. */
export interface Mark extends Counts {
  /** Milliseconds since the start of the call. Equal for one message. */
  readonly from: number;
  readonly to: number;
}

/** Messages that are shown one by one. More are counted in equal parts of the time. */
const maxSingle = 150;
const parts = 120;

/** The messages from one time to another, without the parts that have none. */
export function marksOf(record: CallRecord, from: number, to: number): Mark[] {
  const [first, end] = [record.seqAt(from), record.seqAt(to + Number.EPSILON * to + 1e-9)];
  if (end - first <= maxSingle) {
    return Array.from({ length: end - first }, (_, index) => {
      const { kind, at } = record.entry(first + index);
      return { from: at, to: at, sent: kind === "request" ? 1 : 0, received: kind === "message" ? 1 : 0 };
    }).filter(({ sent, received }) => sent + received > 0);
  }
  const width = (to - from) / parts;
  const marks: Mark[] = [];
  let before = record.countsBefore(first);
  for (let part = 0; part < parts; part++) {
    const until = record.countsBefore(part === parts - 1 ? end : record.seqAt(from + (part + 1) * width));
    const [sent, received] = [until.sent - before.sent, until.received - before.received];
    if (sent + received > 0) marks.push({ from: from + part * width, to: from + (part + 1) * width, sent, received });
    before = until;
  }
  return marks;
}

/** A range of half or twice the width around a time, within the call. */
export function zoomed([from, to]: readonly [number, number], around: number, factor: number, whole: number): readonly [number, number] {
  const width = Math.min(whole, Math.max(0.01, (to - from) * factor));
  const share = to > from ? (around - from) / (to - from) : 0.5;
  const start = Math.min(Math.max(0, around - share * width), whole - width);
  return [start, start + width];
}
