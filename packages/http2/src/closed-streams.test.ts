import { expect, test } from "vitest";
import { ClosedStreams } from "./closed-streams.ts";

test("the latest 10,000 resets are remembered", () => {
  const closed = new ClosedStreams();
  for (let id = 1; id <= 30_001; id += 2) closed.addReset(id);
  expect(closed.wasReset(30_001)).toBe(true);
  expect(closed.wasReset(10_003)).toBe(true);
  expect(closed.wasReset(10_001)).toBe(false);
  expect(closed.wasReset(1)).toBe(false);
});

test("a stream that the peer has ended is forgotten", () => {
  const closed = new ClosedStreams();
  closed.addReset(5);
  closed.peerEnded(5);
  expect(closed.wasReset(5)).toBe(false);
});

test("identifiers that the peer skipped are told from used ones", () => {
  const closed = new ClosedStreams();
  closed.addGap(4, 8);
  expect([3, 4, 5, 7, 8, 9].map((id) => closed.wasSkipped(id))).toEqual([false, true, true, true, true, false]);
});
