// The numbers in messages of a type, by their paths: for plots.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { isArray, isObject, type JsonValue } from "../json/parse.ts";

/** A step to a number: a field, or an item of the list or map before. */
export type Step = { readonly kind: "field"; readonly name: string } | { readonly kind: "index" | "key" };

export interface NumericField {
  /** For readers: `position.lat`, `values[]`, `parts{}.value` */
  readonly path: string;
  readonly steps: readonly Step[];
  readonly type: "number" | "time";
  /** What a missing value is: JSON omits zeros of fields without presence. */
  readonly absent: number | undefined;
}

/** Deeper fields are not offered. */
const maxDepth = 5;
const maxFields = 300;

const wrappers = /^google\.protobuf\.(?:Double|Float|U?Int32|U?Int64)Value$/;

/** The numeric fields of a message and of the messages in it. A type occurs once in a path. */
export function numericFields(message: DescMessage): readonly NumericField[] {
  const found: NumericField[] = [];
  const walk = (message: DescMessage, path: string, steps: readonly Step[], parents: readonly string[]) => {
    for (const field of message.fields) {
      const name = path === "" ? field.name : `${path}.${field.name}`;
      const own = [...steps, { kind: "field", name: field.jsonName } as const];
      if (field.fieldKind === "list") visit(field, `${name}[]`, [...own, { kind: "index" }], parents);
      else if (field.fieldKind === "map") visit(field, `${name}{}`, [...own, { kind: "key" }], parents);
      else visit(field, name, own, parents);
    }
  };
  const visit = (field: DescField, path: string, steps: readonly Step[], parents: readonly string[]) => {
    if (found.length >= maxFields) return;
    const { message } = field;
    if (message === undefined) {
      if (field.scalar === undefined || !isNumeric(field.scalar)) return;
      const hasPresence = field.fieldKind !== "scalar" || field.presence !== FeatureSet_FieldPresence.IMPLICIT;
      found.push({ path, steps, type: "number", absent: hasPresence ? undefined : 0 });
    } else if (message.typeName === "google.protobuf.Timestamp") found.push({ path, steps, type: "time", absent: undefined });
    else if (message.typeName === "google.protobuf.Duration" || wrappers.test(message.typeName)) {
      found.push({ path, steps, type: "number", absent: undefined });
    } else if (steps.length < maxDepth && !parents.includes(message.typeName) && !message.typeName.startsWith("google.protobuf.")) {
      walk(message, path, steps, [...parents, message.typeName]);
    }
  };
  walk(message, "", [], [message.typeName]);
  return found;
}

function isNumeric(scalar: ScalarType): boolean {
  return scalar !== ScalarType.STRING && scalar !== ScalarType.BYTES && scalar !== ScalarType.BOOL;
}

/**
 * The number of a field in a message in JSON, a time in seconds since 1970. `items` has the index or key
 * for each list and map of the path. `undefined`: the message has none.
 */
export function numberOf(message: JsonValue, field: NumericField, items: readonly string[]): number | undefined {
  const value = jsonOf(message, field, items);
  if (field.type === "time") return finite(typeof value === "string" ? Date.parse(value) / 1000 : Number.NaN);
  // 64-bit integers are strings, and a duration is `1.5s`.
  if (typeof value === "string") return value === "" ? undefined : finite(Number(value.replace(/s$/, "")));
  return typeof value === "number" ? finite(value) : undefined;
}

/** The digits of a 64-bit integer, which `numberOf` rounds. `undefined` for other numbers. */
export function textOfNumber(message: JsonValue, field: NumericField, items: readonly string[]): string | undefined {
  const value = jsonOf(message, field, items);
  return typeof value === "string" && /^-?\d+$/.test(value) ? value : undefined;
}

function jsonOf(message: JsonValue, { steps, absent }: NumericField, items: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = message;
  let item = 0;
  for (const step of steps) {
    if (step.kind === "index") value = isArray(value) ? value[Number(items[item++] ?? 0)] : undefined;
    else {
      const key: string = step.kind === "field" ? step.name : (items[item++] ?? "");
      if (!isObject(value)) return undefined;
      value = Object.hasOwn(value, key) ? value[key] : undefined;
      if (value === undefined) return step === steps.at(-1) && step.kind === "field" ? absent : undefined;
    }
  }
  return value;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}
