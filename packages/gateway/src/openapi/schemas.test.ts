import { create, createFileRegistry } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { jsonCodec } from "@grpc-study/codec/json";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { expect, test } from "vitest";
import { BookSchema, ListBooksRequestSchema } from "../../test/gen/library_pb.js";
import { Comments } from "./comments.ts";
import type { Schema } from "./document.ts";
import { Schemas } from "./schemas.ts";

const schemas = new Schemas(new Comments(), "json");
schemas.ofMessage(BookSchema);
const book = schemas.components["library.v1.Book"];

const reference = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const special: Schema = { type: "string", enum: ["NaN", "Infinity", "-Infinity"] };

test.each<[field: string, schema: Schema]>([
  ["name", { type: "string" }],
  ["genre", reference("library.v1.Genre")],
  ["authors", { type: "array", items: reference("library.v1.Author") }],
  ["sales", { type: "object", additionalProperties: { type: "string", format: "int64", pattern: "^-?[0-9]+$" } }],
  ["sequels", { type: "object", additionalProperties: reference("library.v1.Book"), propertyNames: { pattern: "^-?[0-9]+$" } }],
  ["translationOf", reference("library.v1.Book")],
  ["coverImage", { type: "string", contentEncoding: "base64" }],
  ["noCover", { type: "object" }],
  ["pages", { type: "integer", format: "int32" }],
  ["published", { type: "string", format: "date-time" }],
  ["readingTime", { type: "string", pattern: "^-?[0-9]+(\\.[0-9]{1,9})?s$" }],
  ["subtitle", { type: ["string", "null"] }],
  ["copies", { type: ["string", "null"], format: "uint64", pattern: "^[0-9]+$" }],
  ["attachment", reference("google.protobuf.Any")],
  ["properties", { type: "object", additionalProperties: true }],
  ["anything", { description: "Any JSON." }],
  ["list", { type: "array", items: {} }],
  ["nothing", { type: "null" }],
  ["rating", { anyOf: [{ type: "number", format: "double" }, special] }],
  ["edition", { type: "integer", format: "uint32", minimum: 0 }],
  ["barcode", { type: "string", format: "uint64", pattern: "^[0-9]+$" }],
  ["lent", { type: "boolean" }],
  ["shelfMark", { type: "string", deprecated: true }],
  ["samples", { type: "array", items: { anyOf: [{ type: "number", format: "double" }, special, { type: "null" }] } }],
  ["genres", { type: "object", additionalProperties: reference("library.v1.Genre"), propertyNames: { enum: ["true", "false"] } }],
])("the field %s has the schema of its proto3 JSON", (field, schema) => {
  expect(book?.properties?.[field]).toEqual(schema);
});

test("a field of a oneof excludes the others", () => {
  expect(book?.description).toBe("At most one of `coverUrl`, `coverImage`, `noCover`.");
  expect(Object.keys(book?.dependentSchemas ?? {})).toEqual(["coverUrl", "coverImage"]);
});

test("an enum has the names of its values, and numbers for unknown ones", () => {
  const names = { type: "string", enum: ["GENRE_UNSPECIFIED", "GENRE_FACT", "GENRE_FICTION"] };
  expect(schemas.components["library.v1.Genre"]).toEqual({ anyOf: [names, { type: "integer", format: "int32" }] });
});

test("google.api.field_behavior sets required, readOnly and writeOnly", () => {
  // REQUIRED, OUTPUT_ONLY, INPUT_ONLY; packed, not packed, and two values.
  const behaviors: [string, WireType, number[]][] = [
    ["required", WireType.LengthDelimited, [1, 2]],
    ["output", WireType.Varint, [3]],
    ["input", WireType.LengthDelimited, [1, 4]],
    ["both", WireType.LengthDelimited, [2, 3, 2]],
    ["neither", WireType.LengthDelimited, [1, 1]],
  ];
  const field = behaviors.map(([name, wireType, data], index) => ({
    name,
    jsonName: name,
    number: index + 1,
    type: 9,
    label: 1,
    options: { $typeName: "google.protobuf.FieldOptions", $unknown: [{ no: 1052, wireType, data: Uint8Array.from(data) }] } as never,
  }));
  const proto = create(FileDescriptorProtoSchema, { name: "b.proto", syntax: "proto3", messageType: [{ name: "Behaving", field }] });
  const message = createFileRegistry(proto, () => undefined).getMessage("Behaving");
  if (message === undefined) throw new Error("message not found");
  const behaving = new Schemas(new Comments(), "json");
  behaving.ofMessage(message);
  expect(behaving.components.Behaving).toEqual({
    type: "object",
    properties: {
      required: { type: "string" },
      output: { type: "string", readOnly: true },
      input: { type: "string", writeOnly: true },
      both: { type: "string", readOnly: true },
      neither: { type: "string" },
    },
    required: ["required"],
  });
});

test("fields can have their .proto names", () => {
  const named = new Schemas(new Comments(), "proto");
  named.ofMessage(ListBooksRequestSchema);
  expect(Object.keys(named.components["library.v1.ListBooksRequest"]?.properties ?? {})).toContain("page_size");
});

test("different messages of the same name are two components; identical files are merged", () => {
  const fileWith = (field: string) => {
    const message = { name: "Thing", field: [{ name: field, number: 1, type: 9, label: 1 }] };
    const proto = create(FileDescriptorProtoSchema, { name: "thing.proto", syntax: "proto3", messageType: [message] });
    const thing = createFileRegistry(proto, () => undefined).getMessage("Thing");
    if (thing === undefined) throw new Error("Thing not found");
    return thing;
  };
  const both = new Schemas(new Comments(), "json");
  expect(["one", "other", "one"].map((field) => both.ofMessage(fileWith(field)).$ref)).toEqual([
    "#/components/schemas/Thing",
    "#/components/schemas/Thing_2",
    "#/components/schemas/Thing",
  ]);
});

const ajv = addFormats.default(new Ajv2020({ strict: false, logger: false }));
ajv.addSchema({ $id: "https://gateway.test/", components: { schemas: schemas.components } });
const matches = ajv.compile({ $ref: "https://gateway.test/#/components/schemas/library.v1.Book" });

test("the gateway's JSON matches the schema", () => {
  const message = create(BookSchema, {
    title: "Τίτλος",
    genre: 2,
    authors: [{ givenName: "A" }],
    sales: { "2024": -1n },
    sequels: { [-3]: { title: "II" } },
    translationOf: { title: "Ο" },
    cover: { case: "coverImage", value: new Uint8Array([1, 2, 3, 4]) },
    pages: 0,
    published: { seconds: -1n, nanos: 5 },
    readingTime: { seconds: 3n, nanos: 500_000_000 },
    subtitle: "",
    copies: 2n ** 64n - 1n,
    properties: { a: [1, null, { b: true }] },
    anything: { kind: { case: "boolValue", value: false } },
    list: { values: [{ kind: { case: "nullValue", value: 0 } }] },
    mask: { paths: ["book.given_name", "title"] },
    rating: Number.NEGATIVE_INFINITY,
    edition: 2 ** 32 - 1,
    barcode: 0n,
    lent: true,
    samples: [{ value: Number.NaN }, { value: 0.5 }],
    genres: { true: 1, false: 0 },
  });
  const json: unknown = JSON.parse(jsonCodec(BookSchema).print(message));
  expect([json, matches(json), matches.errors]).toEqual([json, true, null]);
});

test.each([
  [{ title: "a", sales: { x: 1 } }],
  [{ title: "a", sequels: { x: { title: "b" } } }],
  [{ title: "a", coverUrl: "https://a.test/", coverImage: "" }],
  [{ title: "a", published: "yesterday" }],
  [{ title: "a", readingTime: "1m" }],
  [{ title: "a", translationOf: { title: "" } }],
  [{}],
])("%j does not match the schema", (json) => {
  expect(matches(json)).toBe(false);
});
