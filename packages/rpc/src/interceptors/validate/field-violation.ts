// Describes a violated rule as a google.rpc.BadRequest.FieldViolation: the field, the rule and the
// value.
import { create, type DescField, type DescMessage, type Message, toJsonString } from "@bufbuild/protobuf";
import { isReflectList, isReflectMap, isReflectMessage, type Path, pathToString, reflect } from "@bufbuild/protobuf/reflect";
import { DurationSchema, FeatureSet_FieldPresence, isWrapperDesc, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { type BadRequest_FieldViolation, BadRequest_FieldViolationSchema } from "../../../gen/google/rpc/error_details_pb.js";
import type { Fault } from "./checker.ts";

/**
 * The longest excerpt of a text value, in UTF-16 code units. The value may be a secret in the wrong
 * field, or very long.
 */
const maxShownLength = 64;

/**
 * Returns the violation. `field` is a path of .proto names, such as `users[3].user_id`, and
 * `description` contains the rule and the value.
 */
export function fieldViolation(
  { field, message, ruleId, forKey }: Fault,
  schema: DescMessage,
  request: Message,
): BadRequest_FieldViolation {
  const { last, value } = follow(field, schema, request);
  const secret = field.some((step) => step.kind === "field" && step.proto.options?.debugRedact);
  const found = secret || ruleId === "required" ? undefined : describe(forKey ? keyOf(field) : value);
  const problem = (ruleId === "enum.defined_only" && definedValues(last)) || shorten(tidy(message), 256);
  const description = `${forKey ? "its key " : ""}${problem}${found === undefined ? "" : `, ${found}`}`;
  return create(BadRequest_FieldViolationSchema, { field: pathToString(field.map(withShortKey)), description });
}

/** Returns the field at the end of a path, and its value if it is set. */
function follow(path: Path, schema: DescMessage, message: Message): { last?: DescField; value?: unknown } {
  let last: DescField | undefined;
  let value: unknown = reflect(schema, message);
  for (const step of path) {
    if (step.kind === "field" && isReflectMessage(value)) {
      value = value.isSet(step) || step.presence === FeatureSet_FieldPresence.IMPLICIT ? value.get(step) : undefined;
      last = step;
    } else if (step.kind === "list_sub" && isReflectList(value)) value = value.get(step.index);
    else if (step.kind === "map_sub" && isReflectMap(value)) value = value.get(step.key);
    else value = undefined;
  }
  return last === undefined ? {} : { last, value };
}

function keyOf(path: Path): unknown {
  const last = path.at(-1);
  return last?.kind === "map_sub" ? last.key : undefined;
}

function withShortKey(step: Path[number]): Path[number] {
  return step.kind === "map_sub" && typeof step.key === "string" ? { ...step, key: shorten(step.key) } : step;
}

/** Describes a value, for example `is -1`. Returns undefined for a value without a short form. */
function describe(value: unknown): string | undefined {
  if (typeof value === "string")
    return `is ${JSON.stringify(shorten(value))}${value.length > maxShownLength ? ` (${value.length} long)` : ""}`;
  if (value instanceof Uint8Array) return `has ${value.length} bytes`;
  if (isReflectList(value) || isReflectMap(value)) return `has ${value.size}`;
  if (!isReflectMessage(value)) return value === undefined ? undefined : `is ${value}`;
  const { desc, message } = value;
  if (isWrapperDesc(desc)) return describe(value.get(desc.fields[0] as DescField));
  return desc.typeName === DurationSchema.typeName || desc.typeName === TimestampSchema.typeName
    ? `is ${toJsonString(desc, message)}`
    : undefined;
}

/**
 * Corrects texts of protovalidate such as `value must be at least 1 characters` and `1000 item(s)`.
 */
function tidy(message: string): string {
  const numbered = /\b(\d+) (character|byte|item)(?:s|\(s\))/g;
  return message
    .replace(/^value /, "")
    .replace(numbered, (_, count: string, noun: string) => `${count} ${noun}${count === "1" ? "" : "s"}`)
    .replace(/\s+/g, " ");
}

function shorten(text: string, length = maxShownLength): string {
  return (text.length > length ? `${text.slice(0, length)}…` : text).toWellFormed();
}

/** Lists the values of an enum, up to 10. The text of protovalidate does not contain them. */
function definedValues(field: DescField | undefined): string | undefined {
  const values = field?.enum?.values ?? [];
  return values.length === 0 || values.length > 10
    ? undefined
    : `must be one of ${values.map(({ name, number }) => `${name} (${number})`).join(", ")}`;
}
