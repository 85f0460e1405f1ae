import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import type { Connection } from "../index.ts";
import { runSequence } from "./run.ts";
import { sequenceOf } from "./sequence.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

// For a long run: `pnpm --filter @grpc-study/http2 fuzz`.
test.each([1, 2, 3, 4, 5])(
  "random and mutated sequences of frames cause no fault and no leak (part %i)",
  async (part) => {
    const connections: WeakRef<Connection>[] = [];
    for (let batch = 0; batch < 10; batch++) {
      const sequences = Array.from({ length: 64 }, (_, i) => sequenceOf(part * 1_000_000 + batch * 64 + i));
      const faults = await Promise.all(
        sequences.map(async (sequence) => {
          const fault = await runSequence(sequence, (connection) => connections.push(new WeakRef(connection)));
          return { seed: sequence.seed, fault };
        }),
      );
      expect(faults.filter(({ fault }) => fault !== undefined)).toEqual([]);
    }
    // The engine keeps a socket open for a second after its last frame.
    const alive = () => connections.filter((connection) => connection.deref() !== undefined).length;
    for (let attempt = 0; attempt < 20 && alive() > 0; attempt++) {
      await sleep(200);
      collectGarbage();
    }
    expect(alive()).toBe(0);
  },
  120_000,
);
