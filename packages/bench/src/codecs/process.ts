// The process that measures all codecs. Each codec has seen all messages before the first
// measurement, as in a server with many types.
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
        // Codecs have generic code that V8 optimized for the previous messages. This lets it adapt
        // to the new one.
        for (const work of Object.values(works)) nanosecondsOf(work, 10 * milliseconds);
        const takes = Object.entries(works).map(([name, work]) => [name, () => nanosecondsOf(work, milliseconds)] as const);
        return alternate(Object.fromEntries(takes), rounds);
      },
    },
  };
};
