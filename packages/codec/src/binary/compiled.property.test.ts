// Compares the compiled codec with protobuf-es on random messages of random types. CODEC_CASES sets
// the number of cases, CODEC_SEED the first seed.
import { inspect } from "node:util";
import { create, type DescMessage, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { mutate, randomBytes } from "../../test/random/bytes.ts";
import { randomInit } from "../../test/random/message.ts";
import { makeRandom, type Random } from "../../test/random/random.ts";
import { difference } from "../../test/random/same.ts";
import { randomSchemas } from "../../test/random/schema.ts";
import { thresholds } from "../heat.ts";
import { reachableTypes } from "../shape/reachable.ts";
import { compiled } from "./compiled.ts";
import { closeInput, openInput } from "./read/input.ts";
import { readerOf } from "./read/reader.ts";
import { warmUp } from "./warm-up.ts";
import { abandonOutput, closeOutput, openOutput } from "./write/output.ts";
import { writerOf } from "./write/writer.ts";

const cases = Number(process.env["CODEC_CASES"] ?? 20_000);
const firstSeed = Number(process.env["CODEC_SEED"] ?? 1);
/** Cases for each type, because creating a type takes longer than running a case. */
const casesOfType = 40;

let failures = 0;
let messages = 0;
/** Cases that generated code must handle without protobuf-es. */
let strict = 0;
const tiers = new Set<string>();

/** Returns the result of a function, or what it throws. */
function outcome<T>(run: () => T): { value: T } | { error: unknown } {
  try {
    return { value: run() };
  } catch (error) {
    return { error };
  }
}

/** Decodes with the compiled functions, without protobuf-es as fallback. */
function compiledDecode(schema: DescMessage, bytes: Uint8Array): unknown {
  const { Message, read } = readerOf(schema);
  openInput(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  try {
    const message = new Message();
    read(message, 0, bytes.length, 1);
    return message;
  } finally {
    closeInput();
  }
}

function compiledEncode(schema: DescMessage, init: object): Buffer {
  const start = openOutput(0) ?? Number.NaN;
  try {
    return closeOutput(start, writerOf(schema).write(init as never, start, false));
  } catch (error) {
    abandonOutput();
    throw error;
  }
}

/**
 * `true` for types with groups of Structs or wrappers: they and the types around them are left to
 * protobuf-es.
 */
const needsFallback = (schema: DescMessage) =>
  [...reachableTypes([schema])].some((type) => !readerOf(type).isCompiled || !writerOf(type).isCompiled);

const encodeOracle = (schema: DescMessage, init: object) => toBinary(schema, create(schema, init as never));

/** Runs one case. Returns a description of the difference, if there is one. */
function checkEncode(random: Random, schema: DescMessage, tier: Tier): string | undefined {
  const odd = random.chance(0.5) ? 0 : 0.05;
  const init = randomInit(random, schema, { odd, real: random.pick([0, 0.3, 1]) });
  const expected = outcome(() => encodeOracle(schema, init));
  const got = outcome(() => compiled(schema).encode(init as never));
  if ("error" in expected !== "error" in got) return `encode: ${JSON.stringify(got)} instead of ${JSON.stringify(expected)}`;
  if ("error" in expected && "error" in got && String(expected.error) !== String(got.error))
    return `encode: ${got.error} for ${expected.error}`;
  if ("value" in expected && "value" in got && Buffer.compare(expected.value, got.value) !== 0) {
    return `encode: ${got.value.toString("hex")} instead of ${Buffer.from(expected.value).toString("hex")}`;
  }
  if (tier !== "compiled") return undefined;
  const alone = outcome(() => compiledEncode(schema, init));
  if ("value" in alone && "error" in expected) return `encode: accepted although protobuf-es throws: ${expected.error}`;
  if (odd === 0 && "error" in alone && "value" in expected && !needsFallback(schema))
    return `encode: given up (${String(alone.error)}): ${inspect(init, { depth: 9 })}`;
  return undefined;
}

function checkDecode(random: Random, schema: DescMessage, tier: Tier): string | undefined {
  let bytes: Uint8Array = Uint8Array.from(randomBytes(random, schema));
  if (random.chance(0.4)) {
    const encoded = outcome(() => encodeOracle(schema, randomInit(random, schema, { odd: 0, real: 0 })));
    if ("value" in encoded) bytes = encoded.value;
  }
  if (random.chance(0.4)) bytes = mutate(random, bytes);
  const hex = Buffer.from(bytes).toString("hex");
  const expected = outcome(() => fromBinary(schema, bytes));
  if (tier === "compiled") {
    if (!needsFallback(schema)) strict++;
    const alone = outcome(() => compiledDecode(schema, bytes));
    if ("value" in alone && "error" in expected) return `decode ${hex}: accepted although protobuf-es throws: ${expected.error}`;
    if ("error" in alone && "value" in expected && !needsFallback(schema))
      return `decode ${hex}: rejected although protobuf-es accepts it (${String(alone.error)})`;
  }
  const codec = compiled(schema);
  const start = random.pick([0, 5]);
  const got = outcome(() =>
    start === 0 ? codec.decode(Buffer.from(bytes)) : codec.decodeFrom?.(Buffer.concat([Buffer.alloc(start, 0xff), bytes]), start),
  );
  if ("error" in expected) failures++;
  else messages++;
  if ("error" in expected)
    return "error" in got && String(got.error) === String(expected.error) ? undefined : `decode ${hex}: ${JSON.stringify(got)}`;
  if ("error" in got) return `decode ${hex}: ${got.error}`;
  const different = difference(got.value, expected.value);
  if (different !== undefined) return `decode ${hex}: ${different}`;
  // Write the message back with its unknown fields. Use the same object for both, because the bit
  // pattern of a NaN in an array of doubles varies in V8.
  const again = outcome(() => toBinary(schema, expected.value));
  const back = outcome(() => compiled(schema).encode(expected.value as never));
  if ("value" in again && "value" in back)
    return Buffer.compare(again.value, back.value) === 0 ? undefined : `decode ${hex}: written back differently`;
  return "error" in again && "error" in back ? undefined : `decode ${hex}: written back ${JSON.stringify(back)}`;
}

/**
 * How the types of a seed are handled: by protobuf-es, by generated code, or by one after the
 * other, with each type switching at its own time.
 */
type Tier = "protobuf-es" | "compiled" | "switching";

function enter(tier: Tier, random: Random, schemas: readonly DescMessage[]): void {
  Object.assign(thresholds, {
    messages: tier === "protobuf-es" ? Number.POSITIVE_INFINITY : random.int(6) - 1,
    messagesPerField: random.pick([0, 0.1, 0.5]),
    bytesPerMessage: random.pick([20, 1e9]),
  });
  if (tier === "compiled") schemas.forEach(warmUp);
}

test(`${cases} random cases give the same results as protobuf-es`, { timeout: 3_600_000 }, () => {
  for (let seed = firstSeed, done = 0; done < cases; seed++) {
    const random = makeRandom(seed);
    const schemas = randomSchemas(random);
    const tier = random.pick<Tier>(["protobuf-es", "compiled", "switching", "switching"]);
    tiers.add(tier);
    enter(tier, random, schemas);
    for (let i = 0; i < casesOfType; i++, done += 2) {
      const schema = random.pick(schemas);
      const wrong = checkEncode(random, schema, tier) ?? checkDecode(random, schema, tier);
      if (wrong !== undefined) expect.fail(`CODEC_SEED=${seed}, ${tier}, case ${i}, ${schema.proto.name}: ${wrong}`);
    }
  }
  expect(tiers.size).toBe(3);
  expect(strict).toBeGreaterThan(cases / 20);
  // The cases must include enough valid and invalid messages.
  expect(failures).toBeGreaterThan(cases / 20);
  expect(messages).toBeGreaterThan(cases / 5);
});
