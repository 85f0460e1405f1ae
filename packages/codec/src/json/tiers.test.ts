// Compares the general and the generated code of a type: results and errors must be equal.
import { createRegistry, type DescMessage, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import { Int32ValueSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { expect, test } from "vitest";
import * as editions from "../../test/gen/json_editions_pb.js";
import * as json2 from "../../test/gen/json2_pb.js";
import * as json3 from "../../test/gen/json3_pb.js";
import { keysOf, mutated, Random, randomDescriptor, randomJson, randomMessage } from "../../test/random/json.ts";
import { difference } from "../../test/random/same.ts";
import { thresholds } from "../heat.ts";
import { codecsFor, type JsonCodec, type JsonOptions, jsonCodec } from "./codec.ts";
import { jsonFieldCodec, warmUpJson } from "./index.ts";
import { hasNameConflict } from "./names.ts";

const files = [json2.file_json2, json3.file_json3, editions.file_json_editions] as const;
// Codecs are cached by registry, so two equal registries have separate codecs.
const generalTypes = createRegistry(...files);
const compiledTypes = createRegistry(...files);

const runs = Number(process.env["JSON_RUNS"] ?? 600);

function inTier<Value>(messages: number, work: () => Value): { value: Value } | { error: string } {
  Object.assign(thresholds, { messages, messagesPerField: 0 });
  try {
    return { value: work() };
  } catch (error) {
    // V8's text of a TypeError, for null in place of a list or oneof, depends on the code that
    // throws it.
    return { error: error instanceof TypeError ? "TypeError" : String(error) };
  }
}

function expectSame<Value>(schema: DescMessage, options: JsonOptions, work: (codec: JsonCodec) => Value): void {
  const general = inTier(Number.POSITIVE_INFINITY, () => work(jsonCodec(schema, { ...options, registry: generalTypes })));
  const compiled = inTier(0, () => work(jsonCodec(schema, { ...options, registry: compiledTypes })));
  expect(difference(compiled, general)).toBeUndefined();
}

const schemas: DescMessage[] = [...generalTypes].filter((type) => type.kind === "message");

test("both tiers agree on messages of any type, valid or invalid", () => {
  let compared = 0;
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = new Random(seed);
      const schema = random.chance(0.5) ? random.of(schemas) : randomDescriptor(random);
      if (schema === undefined || hasNameConflict(schema)) return;
      const options: JsonOptions = {
        fieldNames: random.of(["json", "proto"] as const),
        emitDefaults: random.chance(0.5),
        ignoreUnknownFields: random.chance(0.5),
        ignoreUnknownEnumValues: random.chance(0.5),
        fallbacks: random.chance(0.5),
        elementLimit: random.chance(0.3) ? random.below(60) : 1_000_000,
      };
      const message = randomMessage(random, schema, 3);
      // Values that the wire format and the types of TypeScript do not allow.
      if (random.chance(0.3))
        Object.assign(message, { [random.of(schema.members)?.localName ?? "x"]: random.of([null, "text", -1, {}, []]) });
      expectSame(schema, options, (codec) => codec.print(message));
      const json = jsonOf(schema, message) ?? randomJson(random, 3);
      const changed = random.chance(0.7) ? mutated(random, json, keysOf(schema)) : json;
      expectSame(schema, options, (codec) => codec.parse(JSON.stringify(changed)));
      expectSame(schema, options, (codec) => codec.fromJson(changed));
      compared++;
    }),
    { numRuns: runs },
  );
  expect(compared).toBeGreaterThan(runs / 2);
});

function jsonOf(schema: DescMessage, message: Message): JsonValue | undefined {
  try {
    return toJson(schema, message, { registry: generalTypes });
  } catch {
    return undefined;
  }
}

test("both tiers agree on single fields", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = new Random(seed);
      const schema = random.of(schemas);
      const field = random.of(schema?.fields ?? []);
      if (schema === undefined || field === undefined) return;
      const message = randomMessage(random, schema, 3);
      const json = randomJson(random, 3);
      const work = (registry: typeof generalTypes) => () => {
        const codec = jsonFieldCodec(field, { registry });
        const copy = structuredClone(message);
        const printed = codec.print(message);
        codec.fromJsonInto(json, copy);
        return [printed, copy] as const;
      };
      const general = inTier(Number.POSITIVE_INFINITY, work(generalTypes));
      expect(difference(inTier(0, work(compiledTypes)), general)).toBeUndefined();
    }),
    { numRuns: runs },
  );
});

test("code is generated after some messages, for each direction separately", () => {
  Object.assign(thresholds, { messages: 4, messagesPerField: 0 });
  const registry = createRegistry();
  const inner = codecsFor({ registry }).of(json3.TreeSchema);
  const codec = jsonCodec(json3.TreeSchema, { registry });
  const general = { read: inner.read, print: inner.print };
  for (let i = 0; i < 4; i++) codec.parse("{}");
  expect(inner.read).toBe(general.read);
  codec.parse("{}");
  expect(inner.read).not.toBe(general.read);
  expect(inner.print).toBe(general.print);
});

test("a long list counts as many messages", () => {
  Object.assign(thresholds, { messages: 10, messagesPerField: 0, itemsPerMessage: 16 });
  const registry = createRegistry();
  const inner = codecsFor({ registry }).of(json3.ListsSchema);
  const general = inner.read;
  const codec = jsonCodec(json3.ListsSchema, { registry });
  codec.parse(JSON.stringify({ strings: Array(1000).fill("") }));
  codec.parse("{}");
  expect(inner.read).not.toBe(general);
});

test("warmUpJson generates the code of all types at once for its options", () => {
  Object.assign(thresholds, { messages: Number.POSITIVE_INFINITY });
  const registry = createRegistry();
  const types = [json3.ListsSchema, json3.TreeSchema, json3.ScalarsSchema, json3.ChoiceSchema];
  const codecs = codecsFor({ registry });
  const general = types.map((type) => ({ ...codecs.of(type) }));
  const field = json3.ListsSchema.fields.flatMap(({ message }) => message ?? []);
  expect(field).toContain(json3.TreeSchema);
  warmUpJson(json3.ListsSchema, { registry });
  const isNew = types.map((type, i) => codecs.of(type).read !== general[i]?.read && codecs.of(type).print !== general[i]?.print);
  expect(isNew).toEqual([true, true, true, false]);
  // No code is generated for well-known types.
  expect(() => warmUpJson(Int32ValueSchema)).not.toThrow();
});
