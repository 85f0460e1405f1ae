// The JSON of well-known messages, which is not that of other messages: https://protobuf.dev/programming-guides/json/
import type { DescMessage, ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import type { Schema } from "./document.ts";

const any: Schema = {
  type: "object",
  description: "A message of any type: its fields, or `value` if its JSON is no object, and beside them `@type`.",
  properties: { "@type": { type: "string", description: "A URL that ends in the full name of the type." } },
  additionalProperties: true,
};

const wellKnown: ReadonlyMap<string, Schema> = new Map<string, Schema>([
  ["google.protobuf.Any", any],
  ["google.protobuf.Timestamp", { type: "string", format: "date-time" }],
  ["google.protobuf.Duration", { type: "string", pattern: "^-?[0-9]+(\\.[0-9]{1,9})?s$" }],
  [
    "google.protobuf.FieldMask",
    {
      type: "string",
      pattern: "^([A-Za-z0-9_.]+(,[A-Za-z0-9_.]+)*)?$",
      description: "Paths of fields in lowerCamelCase, and commas between them.",
    },
  ],
  ["google.protobuf.Struct", { type: "object", additionalProperties: true }],
  ["google.protobuf.Value", { description: "Any JSON." }],
  ["google.protobuf.ListValue", { type: "array", items: {} }],
  ["google.protobuf.Empty", { type: "object" }],
]);

/** Undefined if the message is like any other, or a wrapper. */
export function wellKnownSchema({ typeName }: DescMessage): Schema | undefined {
  return wellKnown.get(typeName);
}

/** What a message wraps, to tell null from zero; undefined if it is no wrapper. */
export function wrappedScalar(message: DescMessage): ScalarType | undefined {
  return isWrapperDesc(message) ? message.fields[0].scalar : undefined;
}
