// Random messages of random types: protobuf-es is the oracle. CODEC_CASES says how many cases there are, CODEC_SEED where they begin.
import { inspect } from "node:util";
import { create, type DescMessage, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { mutate, randomBytes } from "../../test/random/bytes.ts";
import { randomInit } from "../../test/random/message.ts";
import { makeRandom, type Random } from "../../test/random/random.ts";
import { difference } from "../../test/random/same.ts";
import { randomSchemas } from "../../test/random/schema.ts";
import { compiled } from "./compiled.ts";
import { closeInput, openInput } from "./input.ts";
import { abandonOutput, closeOutput, openOutput } from "./output.ts";
import { readerOf } from "./reader.ts";
import { writerOf } from "./writer.ts";

const cases = Number(process.env["CODEC_CASES"] ?? 20_000);
const firstSeed = Number(process.env["CODEC_SEED"] ?? 1);
/** Cases of one type: to make one takes longer than a case does. */
const casesOfType = 40;

let refusals = 0;
let messages = 0;

/** Of a function that may throw: what came of it. */
function outcome<T>(run: () => T): { value: T } | { error: unknown } {
  try {
    return { value: run() };
  } catch (error) {
    return { error };
  }
}

/** The compiled functions alone, without protobuf-es behind them. */
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
    return closeOutput(start, writerOf(schema)(init as never, start, false));
  } catch (error) {
    abandonOutput();
    throw error;
  }
}

/** Groups of Structs and wrappers are left to protobuf-es, and with them all that they are in. */
const left = (error: unknown) => error instanceof TypeError && /another (Struct|wrapper)$/.test(error.message);

const encodeOracle = (schema: DescMessage, init: object) => toBinary(schema, create(schema, init as never));

/** One case; what is wrong, if anything is. */
function checkEncode(random: Random, schema: DescMessage): string | undefined {
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
  const alone = outcome(() => compiledEncode(schema, init));
  if ("value" in alone && "error" in expected) return `encode: not refused: ${expected.error}`;
  if (odd === 0 && "error" in alone && "value" in expected && !left(alone.error))
    return `encode: given up (${String(alone.error)}): ${inspect(init, { depth: 9 })}`;
  return undefined;
}

function checkDecode(random: Random, schema: DescMessage): string | undefined {
  let bytes: Uint8Array = Uint8Array.from(randomBytes(random, schema));
  if (random.chance(0.4)) {
    const encoded = outcome(() => encodeOracle(schema, randomInit(random, schema, { odd: 0, real: 0 })));
    if ("value" in encoded) bytes = encoded.value;
  }
  if (random.chance(0.4)) bytes = mutate(random, bytes);
  const hex = Buffer.from(bytes).toString("hex");
  const expected = outcome(() => fromBinary(schema, bytes));
  const alone = outcome(() => compiledDecode(schema, bytes));
  if ("value" in alone && "error" in expected) return `decode ${hex}: not refused: ${expected.error}`;
  if ("error" in alone && "value" in expected && !left(alone.error)) return `decode ${hex}: refused (${String(alone.error)})`;
  const got = outcome(() => compiled(schema).decode(Buffer.from(bytes)));
  if ("error" in expected) refusals++;
  else messages++;
  if ("error" in expected)
    return "error" in got && String(got.error) === String(expected.error) ? undefined : `decode ${hex}: ${JSON.stringify(got)}`;
  if ("error" in got) return `decode ${hex}: ${got.error}`;
  const different = difference(got.value, expected.value);
  if (different !== undefined) return `decode ${hex}: ${different}`;
  // And back: the message as it is, with its unknown fields. Of the same object: which of its many bit patterns a NaN has in an array of
  // doubles is V8's business, and changes from array to array.
  const again = outcome(() => toBinary(schema, expected.value));
  const back = outcome(() => compiled(schema).encode(expected.value as never));
  if ("value" in again && "value" in back)
    return Buffer.compare(again.value, back.value) === 0 ? undefined : `decode ${hex}: written back differently`;
  return "error" in again && "error" in back ? undefined : `decode ${hex}: written back ${JSON.stringify(back)}`;
}

test(`${cases} random cases come out as with protobuf-es`, { timeout: 3_600_000 }, () => {
  for (let seed = firstSeed, done = 0; done < cases; seed++) {
    const random = makeRandom(seed);
    const schemas = randomSchemas(random);
    for (let i = 0; i < casesOfType; i++, done += 2) {
      const schema = random.pick(schemas);
      const wrong = checkEncode(random, schema) ?? checkDecode(random, schema);
      if (wrong !== undefined) expect.fail(`CODEC_SEED=${seed}, case ${i}, ${schema.proto.name}: ${wrong}`);
    }
  }
  // Enough of both, or the cases are no good.
  expect(refusals).toBeGreaterThan(cases / 20);
  expect(messages).toBeGreaterThan(cases / 5);
});
