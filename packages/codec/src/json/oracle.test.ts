// Compares the JSON codec with protobuf-es: messages, text, and which input is rejected.
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

/** Converts the options to those of protobuf-es. */
function oracleOptions({ fieldNames, emitDefaults, ignoreUnknownFields, registry: types }: JsonOptions) {
  return {
    useProtoFieldName: fieldNames === "proto",
    alwaysEmitImplicit: emitDefaults ?? false,
    ignoreUnknownFields: ignoreUnknownFields ?? true,
    ...(types === undefined ? {} : { registry: types }),
  };
}

/** Returns the result of a function, or "rejected" if it throws. */
function outcome<Value>(work: () => Value): { value: Value } | "rejected" {
  try {
    return { value: work() };
  } catch {
    return "rejected";
  }
}

/** Like `outcome`, for our codec, which must throw a JsonError with one line. */
function ours<Value>(work: () => Value): { value: Value } | "rejected" {
  try {
    return { value: work() };
  } catch (thrown) {
    if (!(thrown instanceof JsonError) || /\n|undefined|\[object/.test(thrown.message)) {
      throw thrown;
    }
    return "rejected";
  }
}

function expectSame(actual: unknown, expected: unknown, about: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) {
    expect({ about, outcome: actual }).toStrictEqual({ about, outcome: expected });
    throw new Error("the values differ, but vitest considers them equal");
  }
}

/** Rounds all numbers of a value to floats. */
function asFloats(json: unknown): unknown {
  return JSON.parse(JSON.stringify(json, (_, value: unknown) => (typeof value === "number" ? Math.fround(value) : value)));
}

/** Cases for each property. For more: `JSON_RUNS=50000 vitest run … --testTimeout=0`. */
const runs = Number(process.env["JSON_RUNS"] ?? 100);
const seeds = fc.integer();

function checkPrint(schema: DescMessage, message: Message, options: JsonOptions): void {
  const codec = jsonCodec(schema, options);
  const text = ours(() => codec.print(message));
  expectSame(
    text,
    outcome(() => toJsonString(schema, message, oracleOptions(options))),
    schema.typeName,
  );
  if (text !== "rejected") {
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
  test("is printed as by protobuf-es and read back", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        checkPrint(schema, randomMessage(random, schema, 3), random.of(allOptions) ?? {});
      }),
      { numRuns: runs },
    );
  });

  test("is read or rejected as by protobuf-es from mutated JSON", () => {
    const keys = keysOf(schema);
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        const options = random.of(allOptions) ?? {};
        const message = randomMessage(random, schema, 3);
        const json = outcome(() => toJson(schema, message, { useProtoFieldName: random.chance(0.5), registry }));
        checkParse(schema, mutated(random, json === "rejected" || random.chance(0.1) ? randomJson(random, 3) : json.value, keys), options);
      }),
      { numRuns: runs * 2 },
    );
  });

  test("has fields whose codecs agree with the message's codec", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        const field = random.of(schema.fields);
        if (field === undefined || schema.typeName.startsWith("google.protobuf.")) {
          return;
        }
        const codec = jsonFieldCodec(field);
        // Compare as text, which does not distinguish -0 from 0.
        const json: JsonValue = JSON.parse(JSON.stringify(randomJson(random, 3)));
        const expected = outcome(() => fromJson(schema, { [field.name]: json }, { ignoreUnknownFields: true }));
        const actual = ours(() => {
          const message = create(schema);
          codec.parseInto(JSON.stringify(json), message);
          return message;
        });
        // Another field may have the name if names clash.
        const owners = schema.fields.filter(({ name, jsonName }) =>
          [name, jsonName].some((key) => key === field.name || key === field.jsonName),
        );
        if (owners.length === 1 && expected !== "rejected") {
          expectSame(actual, expected, { field: field.name, json });
          const whole = outcome(() => JSON.parse(toJsonString(schema, expected.value)) as Record<string, JsonValue>);
          if (whole !== "rejected" && Object.hasOwn(whole.value, field.jsonName)) {
            // protobuf-es prints more digits of a float.
            const printed = JSON.parse(codec.print(expected.value));
            expectSame(asFloats(printed), asFloats(whole.value[field.jsonName]), { field: field.name, json });
          }
        }
      }),
      { numRuns: runs },
    );
  });
});

test("messages of random descriptors are printed and read as by protobuf-es", () => {
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
        // create() may fail if two fields share a name.
        const message = outcome(() => randomMessage(random, schema, 2));
        if (message === "rejected") {
          continue;
        }
        const options = random.of(allOptions) ?? {};
        checkPrint(schema, message.value, options);
        const json = outcome(() => toJson(schema, message.value));
        checkParse(schema, mutated(random, json === "rejected" ? randomJson(random, 3) : json.value, keys), options);
      }
    }),
    { numRuns: runs },
  );
  expect(compiled).toBeGreaterThan(runs / 2);
});

test("a message that was read can be printed and read again", () => {
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
      if (printed !== "rejected") {
        const again = codec.parse(printed.value);
        // NaN is not equal to itself, and JSON.stringify prints -0 as 0.
        const isExact = !printed.value.includes("NaN") && equals(schema, fromJsonString(schema, toJsonString(schema, message)), message);
        expect(equals(schema, again, message) || !isExact).toBe(true);
        expect(codec.print(again) === printed.value || !isExact).toBe(true);
      }
    }),
    { numRuns: runs },
  );
});

test("an Any is printed as the message in it", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const random = new Random(seed);
      const inner = random.of(schemas.filter((schema) => schema !== json3.NamesSchema));
      if (inner === undefined) {
        return;
      }
      const any = create(AnySchema);
      const packed = outcome(() => anyPack(inner, randomMessage(random, inner, 2), any));
      if (packed === "rejected") {
        return;
      }
      const message = create(json3.WellKnownSchema, { any, anys: [any] });
      checkPrint(json3.WellKnownSchema, message, { registry });
      checkPrint(json3.WellKnownSchema, message, { registry, fieldNames: "proto", emitDefaults: true });
      const json = outcome(() => toJson(json3.WellKnownSchema, message, { registry }));
      if (json !== "rejected") {
        checkParse(json3.WellKnownSchema, mutated(random, json.value, ["@type", "value", ...keysOf(inner)]), { registry });
      }
    }),
    { numRuns: runs * 2 },
  );
});
