// protobuf-es is the oracle: the same messages, the same text, and the same refusals.
import { isDeepStrictEqual } from "node:util";
import {
  create,
  createRegistry,
  type DescMessage,
  equals,
  fromJson,
  fromJsonString,
  type JsonValue,
  type Message,
  toJson,
  toJsonString,
} from "@bufbuild/protobuf";
import { AnySchema, anyPack, TimestampSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as editions from "../../test/gen/json_editions_pb.js";
import * as json2 from "../../test/gen/json2_pb.js";
import * as json3 from "../../test/gen/json3_pb.js";
import { keysOf, mutated, Random, randomDescriptor, randomJson, randomMessage } from "../../test/random/json.ts";
import { JsonError, type JsonOptions, jsonCodec, jsonFieldCodec } from "./index.ts";
import { hasNameConflict } from "./names.ts";

const registry = createRegistry(json2.file_json2, json3.file_json3, editions.file_json_editions, AnySchema, TimestampSchema);
const schemas: DescMessage[] = [...registry].filter((type) => type.kind === "message");

const allOptions: JsonOptions[] = [{}, { fieldNames: "proto" as const }].flatMap((names) =>
  [{}, { emitDefaults: true }].flatMap((defaults) =>
    [{}, { ignoreUnknownFields: false }].flatMap((unknown) => [
      { ...names, ...defaults, ...unknown },
      { ...names, ...defaults, ...unknown, registry },
    ]),
  ),
);

/** The same options for protobuf-es. */
function oracleOptions({ fieldNames, emitDefaults, ignoreUnknownFields, registry: types }: JsonOptions) {
  return {
    useProtoFieldName: fieldNames === "proto",
    alwaysEmitImplicit: emitDefaults ?? false,
    ignoreUnknownFields: ignoreUnknownFields ?? true,
    ...(types === undefined ? {} : { registry: types }),
  };
}

/** What a function returns, or that it refuses. */
function outcome<Value>(work: () => Value): { value: Value } | "refused" {
  try {
    return { value: work() };
  } catch {
    return "refused";
  }
}

/** As `outcome`, of our codec: it refuses with nothing but a JsonError of one line. */
function ours<Value>(work: () => Value): { value: Value } | "refused" {
  try {
    return { value: work() };
  } catch (thrown) {
    if (!(thrown instanceof JsonError) || /\n|undefined|\[object/.test(thrown.message)) {
      throw thrown;
    }
    return "refused";
  }
}

function expectSame(actual: unknown, expected: unknown, about: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) {
    expect({ about, outcome: actual }).toStrictEqual({ about, outcome: expected });
    throw new Error("differs, but not to vitest");
  }
}

/** A value with all of its numbers as floats. */
function asFloats(json: unknown): unknown {
  return JSON.parse(JSON.stringify(json, (_, value: unknown) => (typeof value === "number" ? Math.fround(value) : value)));
}

/** Cases a property; more of them by hand: `JSON_RUNS=50000 vitest run … --testTimeout=0`. */
const runs = Number(process.env["JSON_RUNS"] ?? 300);
const seeds = fc.integer();

function checkPrint(schema: DescMessage, message: Message, options: JsonOptions): void {
  const codec = jsonCodec(schema, options);
  const text = ours(() => codec.print(message));
  expectSame(
    text,
    outcome(() => toJsonString(schema, message, oracleOptions(options))),
    schema.typeName,
  );
  if (text !== "refused") {
    const again = outcome(() => fromJsonString(schema, text.value, oracleOptions(options)));
    const parsed = ours(() => codec.parse(text.value));
    expectSame(parsed, again, text.value);
    expectSame(
      ours(() => codec.fromJson(JSON.parse(text.value))),
      again,
      text.value,
    );
  }
}

function checkParse(schema: DescMessage, json: JsonValue, options: JsonOptions): void {
  const codec = jsonCodec(schema, options);
  const before = structuredClone(json);
  const expected = outcome(() => fromJson(schema, json, oracleOptions(options)));
  expectSame(
    ours(() => codec.fromJson(json)),
    expected,
    json,
  );
  expectSame(json, before, "the value that was read");
  const text = JSON.stringify(json, null, 1);
  expectSame(
    ours(() => codec.parse(text)),
    outcome(() => fromJsonString(schema, text, oracleOptions(options))),
    text,
  );
}

describe.each(schemas.map((schema) => [schema.typeName, schema] as const))("%s", (_, schema) => {
  test("is printed as protobuf-es does, and read back", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        checkPrint(schema, randomMessage(random, schema, 3), random.of(allOptions) ?? {});
      }),
      { numRuns: runs },
    );
  });

  test("is read from JSON with faults, or refused, as protobuf-es does", () => {
    const keys = keysOf(schema);
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        const options = random.of(allOptions) ?? {};
        const message = randomMessage(random, schema, 3);
        const json = outcome(() => toJson(schema, message, { useProtoFieldName: random.chance(0.5), registry }));
        checkParse(schema, mutated(random, json === "refused" || random.chance(0.1) ? randomJson(random, 3) : json.value, keys), options);
      }),
      { numRuns: runs * 2 },
    );
  });

  test("has fields that are read and printed by themselves as within it", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        const field = random.of(schema.fields);
        if (field === undefined || schema.typeName.startsWith("google.protobuf.")) {
          return;
        }
        const codec = jsonFieldCodec(field);
        // As text, which has no -0.
        const json: JsonValue = JSON.parse(JSON.stringify(randomJson(random, 3)));
        const expected = outcome(() => fromJson(schema, { [field.name]: json }, { ignoreUnknownFields: true }));
        const actual = ours(() => {
          const message = create(schema);
          codec.parseInto(JSON.stringify(json), message);
          return message;
        });
        // Where names clash, another field may have the name.
        const owners = schema.fields.filter(({ name, jsonName }) =>
          [name, jsonName].some((key) => key === field.name || key === field.jsonName),
        );
        if (owners.length === 1 && expected !== "refused") {
          expectSame(actual, expected, { field: field.name, json });
          const whole = outcome(() => JSON.parse(toJsonString(schema, expected.value)) as Record<string, JsonValue>);
          if (whole !== "refused" && Object.hasOwn(whole.value, field.jsonName)) {
            // A float is printed shorter than protobuf-es does.
            const printed = JSON.parse(codec.print(expected.value));
            expectSame(asFloats(printed), asFloats(whole.value[field.jsonName]), { field: field.name, json });
          }
        }
      }),
      { numRuns: runs },
    );
  });
});

test("messages of descriptors never seen before are printed and read as protobuf-es does", () => {
  let compiled = 0;
  fc.assert(
    fc.property(seeds, (seed) => {
      const random = new Random(seed);
      const schema = randomDescriptor(random);
      if (schema === undefined) {
        return;
      }
      compiled += hasNameConflict(schema) ? 0 : 1;
      const keys = keysOf(schema);
      for (let i = 0; i < 4; i++) {
        // Where two fields have one name in a message, create() may fail.
        const message = outcome(() => randomMessage(random, schema, 2));
        if (message === "refused") {
          continue;
        }
        const options = random.of(allOptions) ?? {};
        checkPrint(schema, message.value, options);
        const json = outcome(() => toJson(schema, message.value));
        checkParse(schema, mutated(random, json === "refused" ? randomJson(random, 3) : json.value, keys), options);
      }
    }),
    { numRuns: runs },
  );
  expect(compiled).toBeGreaterThan(runs / 2);
});

test("what is read can be printed, and is then the same message", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const random = new Random(seed);
      const schema = random.of([
        json3.ScalarsSchema,
        json3.ListsSchema,
        json3.MapsSchema,
        json3.ChoiceSchema,
        json3.TreeSchema,
        editions.AllImplicitSchema,
      ] as DescMessage[]);
      if (schema === undefined) {
        return;
      }
      const message = randomMessage(random, schema, 3);
      const codec = jsonCodec(schema);
      const printed = ours(() => codec.print(message));
      if (printed !== "refused") {
        const again = codec.parse(printed.value);
        // NaN is not equal to itself, and -0 is no number of JSON.stringify's.
        const isExact = !printed.value.includes("NaN") && equals(schema, fromJsonString(schema, toJsonString(schema, message)), message);
        expect(equals(schema, again, message) || !isExact).toBe(true);
        expect(codec.print(again) === printed.value || !isExact).toBe(true);
      }
    }),
    { numRuns: runs },
  );
});

test("an Any has the JSON of the message in it", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const random = new Random(seed);
      const inner = random.of(schemas.filter((schema) => schema !== json3.NamesSchema));
      if (inner === undefined) {
        return;
      }
      const any = create(AnySchema);
      const packed = outcome(() => anyPack(inner, randomMessage(random, inner, 2), any));
      if (packed === "refused") {
        return;
      }
      const message = create(json3.WellKnownSchema, { any, anys: [any] });
      checkPrint(json3.WellKnownSchema, message, { registry });
      checkPrint(json3.WellKnownSchema, message, { registry, fieldNames: "proto", emitDefaults: true });
      const json = outcome(() => toJson(json3.WellKnownSchema, message, { registry }));
      if (json !== "refused") {
        checkParse(json3.WellKnownSchema, mutated(random, json.value, ["@type", "value", ...keysOf(inner)]), { registry });
      }
    }),
    { numRuns: runs * 2 },
  );
});
