// A regression gate for CI: the codec must stay well ahead of protobuf-es, and must not fall behind
// protobufjs. It compares the best round of each contestant within this run, which a loaded machine
// affects least. The margins are wide.
import { binaryCases } from "../dist/codecs/cases.js";
import { codecPeers } from "../dist/codecs/index.js";
import { alternate } from "../dist/measure/alternate.js";
import { geometricMean } from "../dist/measure/statistics.js";
import { nanosecondsOf } from "../dist/measure/time.js";
import { codecSet } from "../dist/messages/codec-set.js";

// The static code of protobufjs also works where code generation is disabled. That is how to see
// this gate fail.
const atLeast = { "protobuf-es": 2, "protobufjs static": 1 } as const;
const names = ["hello, 7 B", "user", "order", "users, 2.8 KB", "CJK, 40 characters", "map of 50 strings", "bytes, 1 KB", "numbers, packed"];
const rounds = 9;
const milliseconds = 4;

const cases = binaryCases(
  codecSet.filter(({ name }) => names.includes(name)),
  codecPeers.filter(({ name }) => name === "rpc" || name in atLeast),
);

async function measure(): Promise<Record<keyof typeof atLeast, number>> {
  for (const { works } of [...cases, ...cases]) for (const work of Object.values(works)) nanosecondsOf(work, 12);
  const ratios = { "protobuf-es": [] as number[], "protobufjs static": [] as number[] };
  for (const { works } of cases) {
    const takes = Object.entries(works).map(([name, work]) => [name, () => nanosecondsOf(work, milliseconds)] as const);
    const samples = await alternate(Object.fromEntries(takes), rounds);
    const best = (name: string) => Math.min(...(samples[name] ?? []));
    for (const name of Object.keys(atLeast) as (keyof typeof atLeast)[]) ratios[name].push(best(name) / best("rpc"));
  }
  return { "protobuf-es": geometricMean(ratios["protobuf-es"]), "protobufjs static": geometricMean(ratios["protobufjs static"]) };
}

const isEnough = (ratios: Record<keyof typeof atLeast, number>) =>
  Object.entries(atLeast).every(([name, minimum]) => ratios[name as keyof typeof atLeast] >= minimum);

let ratios = await measure();
if (!isEnough(ratios)) ratios = await measure();
for (const [name, minimum] of Object.entries(atLeast)) {
  console.log(`codec, encode and decode: ${ratios[name as keyof typeof atLeast].toFixed(2)} × ${name}, minimum ${minimum}`);
}
if (!isEnough(ratios)) {
  console.error("The codec is too slow. Run `pnpm bench codec` for details.");
  process.exitCode = 1;
}
