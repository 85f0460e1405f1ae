import { expect, test } from "vitest";
import { ClosedStreams } from "./closed-streams.ts";

test("the last 1,000 resets are known exactly, and every stream before them counts as reset", () => {
  const closed = new ClosedStreams();
  for (let id = 1; id <= 8001; id += 4) closed.addReset(id);
  expect(closed.wasReset(8001)).toBe(true);
  expect(closed.wasReset(7999)).toBe(false);
  expect(closed.wasReset(4005)).toBe(true);
  expect(closed.wasReset(4003)).toBe(false);
  expect(closed.wasReset(4001)).toBe(true);
  expect(closed.wasReset(3)).toBe(true);
});

test("a reset stream is forgotten once the peer has ended it", () => {
  const closed = new ClosedStreams();
  closed.addReset(5);
  closed.peerEnded(5);
  expect(closed.wasReset(5)).toBe(false);
});

test("skipped identifiers are distinguished from used ones", () => {
  const closed = new ClosedStreams();
  closed.addGap(4, 8);
  expect([3, 4, 5, 7, 8, 9].map((id) => closed.wasSkipped(id))).toEqual([false, true, true, true, true, false]);
});
