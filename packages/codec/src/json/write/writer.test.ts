import { create, toJsonString } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ListsSchema, MapsSchema, ScalarsSchema, type Tree, TreeSchema, WellKnownSchema } from "../../../test/gen/json3_pb.js";
import { jsonCodec } from "../index.ts";

const lists = jsonCodec(ListsSchema);

test("int32 numbers are printed as by JavaScript", () => {
  const edges = [0, 1, 5].flatMap((n) => Array.from({ length: 33 }, (_, i) => [n + 2 ** i, n + 10 ** (i % 10), 10 ** (i % 10) - 1]).flat());
  const int32s = edges.flatMap((n) => [n | 0, -n | 0]);
  const uint32s = edges.map((n) => n >>> 0);
  const int64s = edges.flatMap((n) => [BigInt(n), -BigInt(n), BigInt(n) ** 2n % 2n ** 63n, -(BigInt(n) ** 2n % 2n ** 63n)]);
  const doubles = edges
    .flatMap((n) => [n / 2, -n / 4, n / 1000, n / 999, -n / 10_000, n * 1e9, 1 / n])
    .map((n) => (Number.isFinite(n) ? n : 0));
  const message = create(ListsSchema, { int32s, uint32s, int64s, uint64s: int64s.map((n) => BigInt.asUintN(64, n)), doubles });
  expect(lists.print(message)).toBe(toJsonString(ListsSchema, message));
});

test("numbers of every type are printed as by JavaScript", () => {
  const kinds = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.integer().map((n) => n / 1000),
    fc.integer().map((n) => n / 100),
    fc.float(),
  );
  fc.assert(
    fc.property(fc.array(kinds), fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), (doubles, int64s) => {
      const message = create(ListsSchema, { doubles, int64s });
      expect(lists.print(message)).toBe(toJsonString(ListsSchema, message));
    }),
    { numRuns: 800 },
  );
});

test("strings are printed as by JSON.stringify, bytes as base64", () => {
  const codec = jsonCodec(ScalarsSchema);
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 100 }), fc.uint8Array({ maxLength: 700 }), (stringValue, bytesValue) => {
      const message = create(ScalarsSchema, { stringValue, bytesValue });
      expect(codec.print(message)).toBe(toJsonString(ScalarsSchema, message));
    }),
    { numRuns: 400 },
  );
});

test("text longer than the writer's array is complete, wherever the array ends", () => {
  for (let pad = 0; pad < 40; pad++) {
    const item = { stringValue: "x".repeat(pad), int32Value: -5, bytesValue: new Uint8Array(200 + pad), colour: 1 };
    const message = create(ListsSchema, {
      scalarsList: Array.from({ length: 250 }, () => item),
      bytesList: [new Uint8Array(512)],
      trees: [{}, { left: {} }],
    });
    expect(lists.print(message)).toBe(toJsonString(ListsSchema, message));
    const map = create(MapsSchema, {
      int32s: Object.fromEntries(Array.from({ length: 8000 }, (_, i) => [i + 10 ** (pad % 9), i])),
      bools: { true: { name: "订单".repeat(pad) } },
    });
    expect(jsonCodec(MapsSchema).print(map)).toBe(toJsonString(MapsSchema, map));
  }
});

test("text that consists only of brackets is complete", () => {
  let tree: Tree = create(TreeSchema);
  for (let depth = 0; depth < 1500; depth++) {
    tree = create(TreeSchema, { children: [create(TreeSchema), tree] });
  }
  expect(jsonCodec(TreeSchema).print(tree)).toBe(toJsonString(TreeSchema, tree));
  const many = create(TreeSchema, { children: Array.from({ length: 40_000 }, () => create(TreeSchema)) });
  expect(jsonCodec(TreeSchema).print(many)).toBe(toJsonString(TreeSchema, many));
});

test("timestamps of all years are printed and read as by Date", () => {
  const codec = jsonCodec(WellKnownSchema);
  const seconds = fc.integer({ min: -62_135_596_800, max: 253_402_300_799 });
  fc.assert(
    fc.property(
      seconds,
      fc.oneof(
        fc.constant(0),
        fc.integer({ min: 0, max: 999 }).map((n) => n * 1e6),
        fc.integer({ min: 0, max: 999_999_999 }),
      ),
      (second, nanos) => {
        const message = create(WellKnownSchema, { timestamp: { seconds: BigInt(second), nanos } });
        const text = codec.print(message);
        expect(text).toBe(toJsonString(WellKnownSchema, message));
        expect(codec.parse(text)).toEqual(message);
      },
    ),
    { numRuns: 800 },
  );
});

test("output of a message that failed to print does not leak into the next text", () => {
  const bad = create(ListsSchema, { strings: ["订单".repeat(100)], int32s: [1, Number.NaN] });
  expect(() => lists.print(bad)).toThrow("int32s[1]: NaN is not an int32");
  expect(lists.print(create(ListsSchema))).toBe("{}");
});
