// The groups `codec` and `json`.
import type { CodecCaseName } from "../codecs/process.ts";
import { append, type Measure, type Samples } from "../measure/measure.ts";
import { start } from "../process/start.ts";
import type { Group, Outcome, Run } from "./group.ts";

const notes = ["google-protobuf is excluded: its code generator is downloaded during installation, and not part of an npm package."];

export const codec: Group = {
  name: "codec",
  about: "Encoding and decoding, in nanoseconds per message. All codecs run in one process, and take turns.",
  run: (run) => measureCodecs("codec", run, notes),
};

export const json: Group = {
  name: "json",
  about:
    "JSON to message and message to JSON, in nanoseconds per message. A codec is excluded for messages whose JSON is not canonical in it: timestamps and structs in protobufjs, timestamps in ts-proto.",
  run: (run) => measureCodecs("json", run, notes),
};

async function measureCodecs(group: "codec" | "json", { quick, progress }: Run, notes: readonly string[]): Promise<Outcome> {
  // V8 optimizes differently in each process.
  const starts = quick ? 1 : 3;
  const rounds = 7;
  // Takes of large messages are long enough to include the garbage collections that they cause.
  const milliseconds = (bytes: number) => (quick ? 4 : bytes < 50_000 ? 8 : 50);
  const warmUps = 2;
  const measures = new Map<string, Measure & { samples: Samples }>();
  for (let i = 1; i <= starts; i++) {
    await using process = await start<CodecCaseName[]>("server", "codecs/process.js", group);
    for (let j = 1; j <= warmUps; j++) {
      progress(`start ${i}/${starts}: warm-up ${j}/${warmUps}`);
      await process.ask("warmUp", quick ? 12 : 30);
    }
    for (const [index, { family, name, bytes }] of process.ready.entries()) {
      progress(`start ${i}/${starts}: ${index + 1}/${process.ready.length} ${family} ${name}`);
      const samples = await process.ask<Samples>("measure", { index, rounds, milliseconds: milliseconds(bytes) });
      const key = `${family} ${name}`;
      const title = /\d K?M?B$/.test(name) ? key : `${key}, ${formatBytes(bytes)}`;
      const measure = measures.get(key) ?? { name: title, unit: "ns", better: "less", family, samples: {} };
      append(measure.samples, samples);
      measures.set(key, measure);
    }
  }
  return { measures: [...measures.values()], notes };
}

const formatBytes = (bytes: number) => (bytes < 1000 ? `${bytes} B` : `${Number((bytes / 1024).toPrecision(2))} KB`);
