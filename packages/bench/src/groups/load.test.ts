import { expect, test } from "vitest";
import { Load, measuresOf, waitingNote } from "./load.ts";

const sample = (rate: number, busy: number) => ({ rate, busy });

test("the CPU time of a call is computed from the calls of the same take", () => {
  const load = new Load("unary", "call");
  load.add({ rpc: [sample(10_000, 1), sample(20_000, 0.5)] });
  load.add({ rpc: [sample(50_000, 1)] });
  expect(measuresOf([load])).toMatchObject([
    { name: "unary", unit: "calls/s", better: "more", samples: { rpc: [10_000, 20_000, 50_000] } },
    { name: "unary, CPU", unit: "µs/call", better: "less", samples: { rpc: [100, 25, 20] } },
  ]);
});

test("the note names contestants that waited for the load, with their CPU usage", () => {
  const [busy, idle] = [new Load("stream", "message"), new Load("unary", "call")];
  busy.add({ rpc: [sample(1, 0.95)], http2: [sample(1, 1.02)] });
  expect(waitingNote([busy], "server")).toEqual([]);
  idle.add({ rpc: [sample(1, 0.97)], http2: [sample(1, 0.6), sample(1, 0.71), sample(1, 0.8)] });
  const [note] = waitingNote([busy, idle], "server");
  expect(note).toContain("core of the server");
  expect(note).toContain(": unary (http2 71 %).");
});
