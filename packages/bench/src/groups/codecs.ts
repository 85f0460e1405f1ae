// The groups `codec` and `json`.
import type { CodecCaseName } from "../codecs/process.ts";
import { append, type Measure, type Samples } from "../measure/measure.ts";
import { start } from "../process/start.ts";
import type { Group, Outcome, Run } from "./group.ts";

const notes = [
  "google-protobuf is left out: the plugin that generates its code comes only as a download at installation, not within an npm package.",
];

export const codec: Group = {
  name: "codec",
  about: "Encode and decode, nanoseconds a message; all codecs in one process, in turns.",
  run: (run) => measureCodecs("codec", run, notes),
};

export const json: Group = {
  name: "json",
  about:
    "JSON to message and message to JSON, nanoseconds a message. A codec is left out of messages whose JSON is not the canonical one in it: timestamps and structs in protobufjs, timestamps in ts-proto.",
  run: (run) => measureCodecs("json", run, notes),
};

async function measureCodecs(group: "codec" | "json", { quick, progress }: Run, notes: readonly string[]): Promise<Outcome> {
  // V8 makes up its mind anew in each process.
  const starts = quick ? 1 : 3;
  const rounds = 7;
  // Of a large message, long enough for the collections of garbage that it causes to be in every take.
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
