// Random messages of any type for property tests, limited to what JSON can express.
import { create, type DescField, type DescMessage, fromJson, type Message, type MessageShape, ScalarType } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { DurationSchema, FieldMaskSchema, ListValueSchema, StructSchema, TimestampSchema, ValueSchema } from "@bufbuild/protobuf/wkt";
import fc, { type Arbitrary } from "fast-check";

/** Messages with some of their fields, nested up to `depth`. */
export function arbitraryMessage<Desc extends DescMessage>(desc: Desc, depth = 3): Arbitrary<MessageShape<Desc>> {
  // The types of reflection lose the type of the message.
  return anyMessage(desc, depth) as Arbitrary<MessageShape<Desc>>;
}

function anyMessage(desc: DescMessage, depth: number): Arbitrary<Message> {
  const known = wellKnown(desc);
  if (known !== undefined) return known;
  const fields = desc.fields.filter((field) => supported(field) && (depth > 0 || !("message" in field && field.message)));
  return fc.subarray(fields, { maxLength: Math.min(8, fields.length) }).chain((chosen) =>
    fc.tuple(...chosen.map((field) => arbitraryField(field, depth - 1))).map((setters) => {
      const message = reflect(desc, create(desc));
      for (const set of setters) set(message);
      return message.message;
    }),
  );
}

type Reflected = ReturnType<typeof reflect>;

function supported(field: DescField): boolean {
  return !("message" in field && field.message?.typeName === "google.protobuf.Any");
}

function arbitraryField(field: DescField, depth: number): Arbitrary<(message: Reflected) => void> {
  switch (field.fieldKind) {
    case "scalar":
      return arbitraryScalar(field.scalar).map((value) => (message) => message.set(field, value));
    case "enum":
      return arbitraryEnum(field).map((value) => (message) => message.set(field, value));
    case "message":
      return arbitraryMessage(field.message, depth).map((value) => (message) => message.set(field, reflect(field.message, value)));
    case "list":
      return fc.array(arbitraryElement(field, depth), { minLength: 1, maxLength: 3 }).map((values) => (message) => {
        const list = message.get(field);
        for (const value of values) list.add(value);
      });
    case "map":
      return fc
        .array(fc.tuple(arbitraryKey(field.mapKey), arbitraryElement(field, depth)), { minLength: 1, maxLength: 3 })
        .map((entries) => (message) => {
          const map = message.get(field);
          for (const [key, value] of entries) map.set(key, value);
        });
  }
}

function arbitraryElement(field: DescField & { fieldKind: "list" | "map" }, depth: number): Arbitrary<unknown> {
  const { message } = field;
  if (message !== undefined) return arbitraryMessage(message, depth).map((value) => reflect(message, value));
  return field.enum === undefined ? arbitraryScalar(field.scalar) : arbitraryEnum(field);
}

function arbitraryEnum(field: DescField): Arbitrary<number> {
  const numbers = field.enum?.values.map(({ number }) => number) ?? [0];
  // JSON represents NullValue as null, its only value.
  if (field.enum?.typeName === "google.protobuf.NullValue") return fc.constant(0);
  return fc.oneof(fc.constantFrom(...numbers), fc.integer());
}

const text = fc.string({ unit: "binary", maxLength: 12 });
// `__proto__` is only a safe key with defineProperty. A separate test covers it.
const key = text.filter((name) => name !== "__proto__");
const noMinusZero = (value: number) => (Object.is(value, -0) ? 0 : value);

function arbitraryKey(scalar: ScalarType): Arbitrary<unknown> {
  return scalar === ScalarType.STRING ? key : arbitraryScalar(scalar);
}

function arbitraryScalar(scalar: ScalarType): Arbitrary<unknown> {
  switch (scalar) {
    case ScalarType.STRING:
      return fc.oneof(text, fc.constantFrom("", "a/b", "..", "%2F", "a:b", "+ &=?#", "null", "☺"));
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 9 }).map((bytes) => new Uint8Array(bytes));
    case ScalarType.DOUBLE:
      return fc.double().map(noMinusZero);
    case ScalarType.FLOAT:
      return fc.float().map(noMinusZero);
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return fc.integer();
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return fc.integer({ min: 0, max: 2 ** 32 - 1 });
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  }
}

const seconds = (min: number, max: number) => fc.integer({ min: min, max: max }).map(BigInt);
const nanos = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 999_999_999 }));
const name = fc.stringMatching(/^[a-z]{1,5}(_[a-z]{1,3})?$/);

// JSON text cannot represent -0 and the like, so values pass through it.
const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value).replaceAll("__proto__", "proto")));

function wellKnown({ typeName }: DescMessage): Arbitrary<Message> | undefined {
  switch (typeName) {
    case TimestampSchema.typeName:
      return fc.record({ seconds: seconds(-62_135_596_800, 253_402_300_799), nanos }).map((init) => create(TimestampSchema, init));
    case DurationSchema.typeName:
      return fc.tuple(seconds(0, 315_576_000_000), nanos, fc.boolean()).map(([whole, rest, negative]) => {
        return create(DurationSchema, negative ? { seconds: -whole, nanos: -rest || 0 } : { seconds: whole, nanos: rest });
      });
    case FieldMaskSchema.typeName:
      return fc.array(fc.array(name, { minLength: 1, maxLength: 2 }), { maxLength: 3 }).map((paths) => {
        return create(FieldMaskSchema, { paths: paths.map((names) => names.join(".")) });
      });
    case ValueSchema.typeName:
      return json.map((value) => fromJson(ValueSchema, value));
    case ListValueSchema.typeName:
      return fc.array(json, { maxLength: 3 }).map((value) => fromJson(ListValueSchema, value));
    case StructSchema.typeName:
      return fc.dictionary(key, json, { maxKeys: 3 }).map((value) => fromJson(StructSchema, JSON.parse(JSON.stringify(value))));
    default:
      return undefined;
  }
}
