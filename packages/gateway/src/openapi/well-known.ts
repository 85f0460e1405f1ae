// The schemas of well-known messages, which have a special JSON form:
// https://protobuf.dev/programming-guides/json/
import type { DescMessage, ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import type { Schema } from "./document.ts";

const any: Schema = {
  type: "object",
  description: "A message of any type: `@type` with the fields of the message, or with `value` if its JSON is not an object.",
  properties: { "@type": { type: "string", description: "A URL that ends with the full name of the type." } },
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
      description: "Field paths in lowerCamelCase, separated by commas.",
    },
  ],
  ["google.protobuf.Struct", { type: "object", additionalProperties: true }],
  ["google.protobuf.Value", { description: "Any JSON." }],
  ["google.protobuf.ListValue", { type: "array", items: {} }],
  ["google.protobuf.Empty", { type: "object" }],
]);

/** The schema of a well-known message, except wrappers. Returns `undefined` for other messages. */
export function wellKnownSchema({ typeName }: DescMessage): Schema | undefined {
  return wellKnown.get(typeName);
}

/** The scalar that a wrapper message wraps. Returns `undefined` for other messages. */
export function wrappedScalar(message: DescMessage): ScalarType | undefined {
  return isWrapperDesc(message) ? message.fields[0].scalar : undefined;
}
