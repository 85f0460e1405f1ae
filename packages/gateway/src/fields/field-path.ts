// Fields by their names, as paths, queries and rules write them: `order_main.order_id`, in either spelling.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";

/** A field of a message's message's … message. */
export type FieldPath = readonly [DescField, ...DescField[]];

/** A field by its name in the .proto or in JSON. */
export function findField(message: DescMessage, name: string): DescField | undefined {
  return message.fields.find((field) => field.name === name || field.jsonName === name);
}

/** The fields along a dotted path, or undefined if there is none, or if it leads through anything but messages. */
export function resolveFieldPath(message: DescMessage, path: string): FieldPath | undefined {
  const [first = "", ...rest] = path.split(".");
  const field = findField(message, first);
  if (field === undefined) return undefined;
  const fields: [DescField, ...DescField[]] = [field];
  let last = field;
  // As in grpc-gateway, a wrapper's value may be named, too. It is the same as the wrapper in protobuf-es.
  if (rest.length > 0 && rest.at(-1) === "value") {
    const wrapper = resolveFieldPath(message, path.slice(0, -".value".length));
    if (isWrapper(wrapper?.at(-1))) return wrapper;
  }
  for (const name of rest) {
    const next = last.fieldKind === "message" && !isUnwrapped(last.message) ? findField(last.message, name) : undefined;
    if (next === undefined) return undefined;
    fields.push(next);
    last = next;
  }
  return fields;
}

/** Whether protobuf-es has something else than a message in a field of this type, so that no path leads into it. */
function isUnwrapped({ typeName }: DescMessage): boolean {
  return /^google\.protobuf\.(?:\w+Value|Value|Struct)$/.test(typeName);
}

function isWrapper(field: DescField | undefined): boolean {
  return field?.fieldKind === "message" && isWrapperDesc(field.message);
}

/** Messages that are a single string, number or boolean in JSON, and so can stand in a path or a query. */
const textualMessages = new Set(
  ["Timestamp", "Duration", "FieldMask", "Value", "DoubleValue", "FloatValue", "Int64Value", "UInt64Value", "Int32Value", "UInt32Value"]
    .concat(["BoolValue", "StringValue", "BytesValue"])
    .map((name) => `google.protobuf.${name}`),
);

/** Whether a field's value can be written as text: a scalar, an enum, or a well-known message that is one string in JSON. */
export function isTextual(field: DescField): boolean {
  return field.fieldKind === "scalar" || field.fieldKind === "enum" || isTextualMessage(field);
}

/** Whether a field is a well-known message that is one string in JSON. */
export function isTextualMessage(field: DescField): boolean {
  return field.fieldKind === "message" && textualMessages.has(field.message.typeName);
}

/** A path as the .proto spells it. */
export function formatPath(path: FieldPath): string {
  return path.map(({ name }) => name).join(".");
}

/** Whether a scalar is a 64-bit integer. */
export function is64Bit(scalar: ScalarType): boolean {
  return [ScalarType.INT64, ScalarType.UINT64, ScalarType.SINT64, ScalarType.FIXED64, ScalarType.SFIXED64].includes(scalar);
}
