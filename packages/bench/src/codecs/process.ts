// The process in which codecs are measured, all of them in one: each has seen all messages before any is measured, as in a server of many types.
import { alternate } from "../measure/alternate.ts";
import { nanosecondsOf } from "../measure/time.ts";
import type { Serve } from "../process/hosted.ts";
import { binaryCases, jsonCases } from "./cases.ts";

export interface CodecCaseName {
  readonly family: string;
  readonly name: string;
  readonly bytes: number;
}

export const serve: Serve<"codec" | "json", CodecCaseName[]> = (group) => {
  const cases = group === "codec" ? binaryCases() : jsonCases();
  return {
    ready: cases.map(({ family, name, bytes }) => ({ family, name, bytes })),
    commands: {
      warmUp(milliseconds: number) {
        for (const { works } of cases) for (const work of Object.values(works)) nanosecondsOf(work, milliseconds);
      },
      measure({ index, rounds, milliseconds }: { index: number; rounds: number; milliseconds: number }) {
        const { works = {} } = cases[index] ?? {};
        // Each codec has generic parts, which V8 has optimized for the messages before; it finds out that this one is another.
        for (const work of Object.values(works)) nanosecondsOf(work, 10 * milliseconds);
        const takes = Object.entries(works).map(([name, work]) => [name, () => nanosecondsOf(work, milliseconds)] as const);
        return alternate(Object.fromEntries(takes), rounds);
      },
    },
  };
};
