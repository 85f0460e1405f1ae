// Checks a value in JSON against the descriptor of its message, as servers parse it:
// https://protobuf.dev/programming-guides/json/
import type { DescEnum, DescField, DescMessage, DescOneof, Registry, ScalarType } from "@bufbuild/protobuf";
import type { Key, Value } from "../i18n/index.ts";
import { isArray, isObject, type JsonValue } from "../json/parse.ts";
import { integerRange, maxFloat, scalarKind, scalarName, wrapped } from "./scalars.ts";

export type Path = readonly (string | number)[];

/** A fault in a value, as a text of the page. */
export interface Fault {
  /** The keys and indexes that lead to the value. */
  readonly path: Path;
  /** Whether the key is at fault, rather than the value. */
  readonly ofKey: boolean;
  readonly key: Key;
  readonly values: readonly Value[];
}

/** Finds the faults of a message. */
export function check(message: DescMessage, value: JsonValue, registry: Registry): Fault[] {
  const checker = new Checker(registry);
  checker.message(message, value, []);
  return checker.faults;
}

/** Checks one scalar value. Returns the text of its fault. */
export function checkScalar(type: ScalarType, value: JsonValue): Pick<Fault, "key" | "values"> | undefined {
  const fault = (key: Key, ...values: string[]) => ({ key, values });
  switch (scalarKind(type)) {
    case "bool":
      return typeof value === "boolean" ? undefined : fault("expectBool");
    case "string":
      return typeof value === "string" ? undefined : fault("expectString");
    case "bytes":
      return typeof value === "string" && /^[A-Za-z0-9+/_-]*={0,2}$/.test(value) && value.replace(/=+$/, "").length % 4 !== 1
        ? undefined
        : fault("expectBytes");
    case "float": {
      if (value === "NaN" || value === "Infinity" || value === "-Infinity") return undefined;
      const number = typeof value === "string" && value.trim() !== "" && value.trim() === value ? Number(value) : value;
      if (typeof number !== "number" || Number.isNaN(number)) return fault("expectNumber");
      const max = scalarName(type) === "float" ? maxFloat : Number.MAX_VALUE;
      return Math.abs(number) <= max ? undefined : fault("expectRange", String(-max), String(max));
    }
    case "int": {
      if (typeof value !== "number" && typeof value !== "string") return fault("expectInteger");
      const [min, max] = integerRange(type);
      const integer = integerOf(value);
      if (integer === undefined) return fault("expectInteger");
      return integer >= min && integer <= max ? undefined : fault("expectRange", String(min), String(max));
    }
  }
}

function integerOf(value: string | number): bigint | undefined {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : undefined;
  if (/^-?\d+$/.test(value)) return BigInt(value);
  const number = value.trim() === "" ? Number.NaN : Number(value);
  return Number.isInteger(number) ? BigInt(number) : undefined;
}

/** RFC 3339, with the years 1 to 9999. */
const timestamp = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
const duration = /^-?\d{1,12}(?:\.\d{1,9})?s$/;
const fieldMask = /^(?:[A-Za-z_][\w.]*(?:,[A-Za-z_][\w.]*)*)?$/;

class Checker {
  readonly faults: Fault[] = [];
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  message(message: DescMessage, value: JsonValue, path: Path): void {
    const inner = wrapped(message);
    if (inner !== undefined) {
      this.#scalar(inner.scalar, value, path);
      return;
    }
    switch (message.typeName) {
      case "google.protobuf.Timestamp":
        this.#text(value, path, timestamp, "expectTimestamp");
        return;
      case "google.protobuf.Duration":
        this.#text(value, path, duration, "expectDuration");
        return;
      case "google.protobuf.FieldMask":
        this.#text(value, path, fieldMask, "expectFieldMask");
        return;
      case "google.protobuf.Value":
        return;
      case "google.protobuf.ListValue":
        if (!isArray(value)) this.#fault(path, "expectArray");
        return;
      case "google.protobuf.Struct":
        if (!isObject(value)) this.#fault(path, "expectObject");
        return;
      case "google.protobuf.Any":
        this.#any(value, path);
        return;
    }
    this.#fields(message, value, path);
  }

  #fields(message: DescMessage, value: JsonValue, path: Path, ignored?: string): void {
    if (!isObject(value)) {
      this.#fault(path, "expectObject");
      return;
    }
    const oneofs = new Map<string, string>();
    for (const [key, item] of Object.entries(value)) {
      if (key === ignored) continue;
      const field = fieldOf(message, key);
      if (field === undefined) {
        // Extensions are in brackets.
        if (!/^\[.*\]$/.test(key)) this.#fault([...path, key], "unknownField", [message.typeName, key], true);
        continue;
      }
      if (item === null && !acceptsNull(field)) continue;
      if (field.oneof !== undefined) {
        const other = oneofs.get(field.oneof.name);
        if (other !== undefined) this.#fault([...path, key], "oneofTwice", [field.oneof.name], true);
        oneofs.set(field.oneof.name, key);
      }
      this.#field(field, item, [...path, key]);
    }
  }

  #field(field: DescField, value: JsonValue, path: Path): void {
    switch (field.fieldKind) {
      case "scalar":
        this.#scalar(field.scalar, value, path);
        return;
      case "enum":
        this.#enum(field.enum, value, path);
        return;
      case "message":
        this.message(field.message, value, path);
        return;
      case "list":
        if (!isArray(value)) {
          this.#fault(path, "expectArray");
          return;
        }
        for (const [index, item] of value.entries()) this.#element(field, item, [...path, index]);
        return;
      case "map":
        if (!isObject(value)) {
          this.#fault(path, "expectObject");
          return;
        }
        for (const [key, item] of Object.entries(value)) {
          const fault = checkMapKey(field.mapKey, key);
          if (fault !== undefined) this.#fault([...path, key], fault.key, fault.values, true);
          this.#element(field, item, [...path, key]);
        }
    }
  }

  #element(field: DescField & { readonly fieldKind: "list" | "map" }, value: JsonValue, path: Path): void {
    const kind = field.fieldKind === "list" ? field.listKind : field.mapKind;
    if (value === null && !(kind === "message" && field.message?.typeName === "google.protobuf.Value")) {
      this.#fault(path, "expectNotNull");
      return;
    }
    if (field.message !== undefined) this.message(field.message, value, path);
    else if (field.enum !== undefined) this.#enum(field.enum, value, path);
    else if (field.scalar !== undefined) this.#scalar(field.scalar, value, path);
  }

  #scalar(type: ScalarType, value: JsonValue, path: Path): void {
    const fault = checkScalar(type, value);
    if (fault !== undefined) this.#fault(path, fault.key, fault.values);
  }

  #enum(desc: DescEnum, value: JsonValue, path: Path): void {
    if (desc.typeName === "google.protobuf.NullValue" && value === null) return;
    const names = desc.values.map(({ name }) => name);
    const isNumber = typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= 2 ** 31;
    if (isNumber ? desc.open || desc.value[value] !== undefined : typeof value === "string" && names.includes(value)) return;
    this.#fault(path, "expectEnum", [names.slice(0, 12).join(", ") + (names.length > 12 ? ", …" : "")]);
  }

  #any(value: JsonValue, path: Path): void {
    if (!isObject(value)) {
      this.#fault(path, "expectObject");
      return;
    }
    const { "@type": type } = value;
    if (Object.keys(value).length === 0) return;
    if (typeof type !== "string") {
      this.#fault(path, "expectType");
      return;
    }
    const message = this.#registry.getMessage(type.slice(type.lastIndexOf("/") + 1));
    if (message === undefined) {
      this.#fault([...path, "@type"], "unknownType", [type]);
      return;
    }
    const { value: inner } = value;
    if (hasJsonForm(message)) {
      if (inner !== undefined) this.message(message, inner, [...path, "value"]);
    } else this.#fields(message, value, path, "@type");
  }

  #text(value: JsonValue, path: Path, pattern: RegExp, key: Key): void {
    if (typeof value !== "string" || !pattern.test(value)) this.#fault(path, key);
  }

  #fault(path: Path, key: Key, values: readonly Value[] = [], ofKey = false): void {
    this.faults.push({ path, key, values, ofKey });
  }
}

/** Whether a message has a JSON form of its own, so that an Any has it in `value`. */
export function hasJsonForm(message: DescMessage): boolean {
  const forms = ["Any", "Duration", "FieldMask", "ListValue", "Struct", "Timestamp", "Value"];
  return wrapped(message) !== undefined || forms.some((name) => message.typeName === `google.protobuf.${name}`);
}

/** The field with a name in JSON, or in the .proto. */
export function fieldOf(message: DescMessage, key: string): DescField | undefined {
  return message.fields.find(({ jsonName, name }) => jsonName === key || name === key);
}

/** The key of a field in a value: its name in JSON, unless the value has the one of the .proto. */
export function keyIn(value: JsonValue | undefined, { jsonName, name }: DescField): string {
  return isObject(value) && !Object.hasOwn(value, jsonName) && Object.hasOwn(value, name) ? name : jsonName;
}

/** The last part of the path of a oneof, which is no member of the JSON. */
export function oneofKey({ name }: DescOneof): string {
  return `${name}?`;
}

/** A path as the page shows it. */
export function pathText(path: Path): string {
  return path.join(".").replace(/\?$/, "");
}

function acceptsNull(field: DescField): boolean {
  return (
    (field.fieldKind === "message" && field.message.typeName === "google.protobuf.Value") ||
    (field.fieldKind === "enum" && field.enum.typeName === "google.protobuf.NullValue")
  );
}

/** Checks the key of a map, which is a string in JSON. */
export function checkMapKey(type: ScalarType, key: string): Pick<Fault, "key" | "values"> | undefined {
  const kind = scalarKind(type);
  if (kind === "bool") return key === "true" || key === "false" ? undefined : { key: "expectBool", values: [] };
  return kind === "int" ? checkScalar(type, key) : undefined;
}
