// A long run of the frame fuzzer:
//   pnpm --filter @grpc-study/http2 fuzz --sequences 1000000 --seed 1
// prints its progress. At the first fault it prints the seed and the smallest failing sequence of
// frames, and exits with 1. The same seed with --sequences 1 reproduces the fault.

import { parseArgs } from "node:util";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { runSequence } from "./run.ts";
import { type Sequence, sequenceOf } from "./sequence.ts";
import { shrink } from "./shrink.ts";

const concurrency = 64;
/** The maximum growth of the heap over the run, in octets. */
const maxGrowth = 64 * 1024 * 1024;

const { values } = parseArgs({
  options: { sequences: { type: "string", default: "100000" }, seed: { type: "string", default: "1" } },
});
const sequences = wholeNumber("sequences", values.sequences);
const firstSeed = wholeNumber("seed", values.seed);

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

// Collects errors that the engine throws asynchronously. A separate run finds the sequence.
let thrown: unknown;
process.on("uncaughtException", (error) => {
  thrown ??= error;
});
process.on("unhandledRejection", (error) => {
  thrown ??= error;
});

let baseline = 0;
const began = performance.now();
for (let done = 0; done < sequences; done += concurrency) {
  const batch = Array.from({ length: Math.min(concurrency, sequences - done) }, (_, i) => sequenceOf((firstSeed + done + i) | 0));
  const faults = await Promise.all(batch.map((sequence) => runSequence(sequence)));
  if (thrown !== undefined || faults.some((fault) => fault !== undefined)) await report(batch);
  const count = done + batch.length;
  if (Math.floor(count / 20_000) > Math.floor(done / 20_000) || count === sequences) progress(count);
}
process.exit(0);

function progress(count: number): void {
  collectGarbage();
  const heap = getHeapStatistics().used_heap_size + process.memoryUsage().external;
  baseline ||= heap;
  const timers = process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
  const rate = Math.round(count / ((performance.now() - began) / 1000));
  console.log(`${count} sequences, ${rate} a second, heap ${(heap / 1048576).toFixed(1)} MiB, ${timers} timers`);
  if (heap - baseline > maxGrowth) fail(`the heap grew by ${heap - baseline} octets`);
  if (timers > 0) fail(`${timers} timers are left after their connections closed`);
}

async function faultOf(sequence: Sequence): Promise<string | undefined> {
  thrown = undefined;
  const fault = await runSequence(sequence);
  return thrown === undefined ? fault : `the engine throws ${thrown instanceof Error ? thrown.stack : String(thrown)}`;
}

async function report(batch: readonly Sequence[]): Promise<never> {
  for (const sequence of batch) {
    const fault = await faultOf(sequence);
    if (fault === undefined) continue;
    // The random actions of the handlers depend on the octets, so compare only the kind of the
    // fault.
    const kind = fault.slice(0, 40);
    const smallest = await shrink(sequence, async (shorter) => (await faultOf(shorter))?.startsWith(kind) ?? false);
    console.log(`seed ${sequence.seed}, role ${sequence.role}, the peer ${sequence.reads ? "reads" : "does not read"}`);
    for (const frame of smallest.frames) console.log(`  ${frame.toString("hex")}`);
    fail(fault);
  }
  return fail(`a fault that occurs only when the ${batch.length} sequences from seed ${batch[0]?.seed} run together: ${String(thrown)}`);
}

function fail(fault: string): never {
  console.log(`FAULT: ${fault}`);
  process.exit(1);
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) {
    console.error(`--${name} must be a whole number of at most 9 digits, got ${JSON.stringify(text)}`);
    process.exit(2);
  }
  return Number(text);
}
