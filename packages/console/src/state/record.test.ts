// The record of long streams: its limits, its times, the lines of the list, and the export.
import { expect, test } from "vitest";
import { ndjson } from "./export.ts";
import { Lines } from "./lines.ts";
import { CallRecord, type RecordLimits } from "./record.ts";

const never = () => false;

/** A record of requests and responses in turn, one a millisecond. */
function filled(count: number, limits?: RecordLimits): CallRecord {
  let now = 0;
  const record = new CallRecord(() => now, limits);
  for (; now < count; now++) {
    if (now % 2 === 0) record.request(`{"n":${now}}`);
    else record.take({ type: "message", text: `{"n":${now}}`, bytes: 10 });
  }
  return record;
}

test("a record beyond its limits keeps the latest entries, and its totals count all", () => {
  const record = filled(10_000, { entries: 3000, bytes: 1_000_000 });
  expect([record.first, record.end]).toEqual([7000, 10_000]);
  expect([...record].map(({ seq }) => seq)).toEqual(Array.from({ length: 3000 }, (_, index) => 7000 + index));
  expect(record.entry(7001)).toEqual({ seq: 7001, kind: "message", at: 7001, text: '{"n":7001}', bytes: 10 });
  expect(record.dropped).toEqual({ sent: 3500, received: 3500 });
  expect([record.sent.messages, record.received]).toEqual([5000, { messages: 5000, bytes: 50_000 }]);
});

test("the bytes of messages are limited, too, but the latest message is kept", () => {
  const record = new CallRecord(() => 0, { entries: 1000, bytes: 100 });
  for (const bytes of [60, 30, 40, 500]) record.take({ type: "message", text: String(bytes), bytes });
  expect([...record].map(({ text }) => text)).toEqual(["500"]);
  record.take({ type: "message", text: "1", bytes: 1 });
  expect([...record].map(({ text }) => text)).toEqual(["1"]);
});

test.each([undefined, { entries: 2500, bytes: 1_000_000 }])("messages are counted and found by time, with the limits %j", (limits) => {
  const record = filled(5000, limits);
  for (const seq of [2500, 2501, 3071, 3072, 4999, 5000]) {
    expect(record.countsBefore(seq)).toEqual({ sent: Math.ceil(seq / 2), received: Math.floor(seq / 2) });
    expect(record.seqAt(seq)).toBe(seq);
  }
  expect([record.seqAt(-1), record.seqAt(9999)]).toEqual([record.first, 5000]);
});

test("lines follow a filter while the record grows, in slices", () => {
  const record = filled(1000);
  const lines = new Lines(record, 'N":99');
  let looked = 0;
  lines.advance(() => ++looked % 500 === 0);
  expect(lines.progress).toBeLessThan(1);
  lines.advance(never);
  lines.advance(never);
  expect(lines.progress).toBe(1);
  const seqs = () => Array.from({ length: lines.count }, (_, place) => lines.seq(place));
  expect(seqs()).toEqual([99, 990, 991, 992, 993, 994, 995, 996, 997, 998, 999]);
  record.request('{"n":990}');
  lines.advance(never);
  expect(seqs().at(-1)).toBe(1000);
  expect([lines.placeOf(0), lines.placeOf(100), lines.placeOf(990), lines.placeOf(9999)]).toEqual([0, 1, 1, 12]);
});

test("lines that the record drops leave the list", () => {
  let now = 0;
  const record = new CallRecord(() => now, { entries: 5000, bytes: 1_000_000 });
  const [all, odd] = [new Lines(record, ""), new Lines(record, "odd.")];
  for (; now < 20_000; now++) {
    record.request(now % 2 === 0 ? "odd" : "odd.");
    if (now % 1000 === 0) odd.advance(never);
  }
  odd.advance(never);
  expect([all.count, all.removed, all.seq(0)]).toEqual([5000, 15_000, 15_000]);
  expect([odd.count, odd.removed, odd.seq(0), odd.seq(2499)]).toEqual([2500, 7500, 15_001, 19_999]);
});

test("the export has a line for each entry, and says what was dropped", async () => {
  const record = filled(5, { entries: 3, bytes: 1000 });
  record.request('{\n  "a": "b\\n  c"\n}');
  const lines = (await (await ndjson(record)).text()).trimEnd().split("\n");
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
    { kind: "dropped", sent: 2, received: 1 },
    { kind: "message", ms: 3, message: { n: 3 } },
    { kind: "request", ms: 4, message: { n: 4 } },
    { kind: "request", ms: 5, message: { a: "b\n  c" } },
  ]);
});
