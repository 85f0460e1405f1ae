// Looks up fields by path, as URLs and rules write them: `order_main.order_id`, in snake_case or
// camelCase.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";

/** The fields from a message to a field nested in it. */
export type FieldPath = readonly [DescField, ...DescField[]];

/** Finds a field by its .proto name or its JSON name. */
export function findField(message: DescMessage, name: string): DescField | undefined {
  return message.fields.find((field) => field.name === name || field.jsonName === name);
}

/**
 * Resolves a dotted path. Returns `undefined` if a field is unknown, or if a parent is not a
 * singular message.
 */
export function resolveFieldPath(message: DescMessage, path: string): FieldPath | undefined {
  const [first = "", ...rest] = path.split(".");
  const field = findField(message, first);
  if (field === undefined) return undefined;
  const fields: [DescField, ...DescField[]] = [field];
  let last = field;
  // As in grpc-gateway, a path may end in a wrapper's `value`. In protobuf-es, that is the wrapper
  // field itself.
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

/**
 * Whether protobuf-es represents a field of this type as something other than a message, so that a
 * path cannot enter it.
 */
function isUnwrapped({ typeName }: DescMessage): boolean {
  return /^google\.protobuf\.(?:\w+Value|Value|Struct)$/.test(typeName);
}

function isWrapper(field: DescField | undefined): boolean {
  return field?.fieldKind === "message" && isWrapperDesc(field.message);
}

/** Messages whose JSON is a string, number or boolean, so that they fit a path or a query. */
const textualMessages = new Set(
  ["Timestamp", "Duration", "FieldMask", "Value", "DoubleValue", "FloatValue", "Int64Value", "UInt64Value", "Int32Value", "UInt32Value"]
    .concat(["BoolValue", "StringValue", "BytesValue"])
    .map((name) => `google.protobuf.${name}`),
);

/** Whether a value can be written as text: a scalar, an enum, or a message of `textualMessages`. */
export function isTextual(field: DescField): boolean {
  return field.fieldKind === "scalar" || field.fieldKind === "enum" || isTextualMessage(field);
}

/** Whether the field holds a message of `textualMessages`. */
export function isTextualMessage(field: DescField): boolean {
  return field.fieldKind === "message" && textualMessages.has(field.message.typeName);
}

/** The path in .proto names. */
export function formatPath(path: FieldPath): string {
  return path.map(({ name }) => name).join(".");
}

/** Whether a scalar is a 64-bit integer. */
export function is64Bit(scalar: ScalarType): boolean {
  return [ScalarType.INT64, ScalarType.UINT64, ScalarType.SINT64, ScalarType.FIXED64, ScalarType.SFIXED64].includes(scalar);
}
