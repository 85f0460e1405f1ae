import { expect, test } from "vitest";
import { runSequence } from "./run.ts";
import { sequenceOf } from "./sequence.ts";

// A long run is `pnpm --filter @grpc-study/http2 fuzz`.
test.each([1, 2, 3, 4])("random and mutated sequences of frames end well (part %i)", async (part) => {
  for (let batch = 0; batch < 20; batch++) {
    const sequences = Array.from({ length: 50 }, (_, i) => sequenceOf(part * 1_000_000 + batch * 50 + i));
    const faults = await Promise.all(sequences.map(async (sequence) => ({ seed: sequence.seed, fault: await runSequence(sequence) })));
    expect(faults.filter(({ fault }) => fault !== undefined)).toEqual([]);
  }
});
