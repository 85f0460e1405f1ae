// A regression gate for CI: the codec must stay well ahead of protobuf-es, and not fall behind protobufjs. Only ratios within this run count, and each
// contestant's best round, which a loaded machine disturbs least; the margins are wide.
import { binaryCases } from "../dist/codecs/cases.js";
import { codecPeers } from "../dist/codecs/index.js";
import { alternate } from "../dist/measure/alternate.js";
import { geometricMean } from "../dist/measure/statistics.js";
import { nanosecondsOf } from "../dist/measure/time.js";
import { codecSet } from "../dist/messages/codec-set.js";

// The static code of protobufjs, which works where code may not be generated: there this gate is seen to fail.
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
  Object.entries(atLeast).every(([name, least]) => ratios[name as keyof typeof atLeast] >= least);

let ratios = await measure();
if (!isEnough(ratios)) ratios = await measure();
for (const [name, least] of Object.entries(atLeast)) {
  console.log(`codec, encode and decode: ${ratios[name as keyof typeof atLeast].toFixed(2)} × ${name}, at least ${least}`);
}
if (!isEnough(ratios)) {
  console.error("The codec is slower than it must be. `pnpm bench codec` tells where.");
  process.exitCode = 1;
}
