// Finds methods by their shape, not by their package: a service of the same shape behind any gateway is the
// tutorial's. The shape of a message is also its type, and how its JSON is read.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { isArray, isObject, type JsonValue } from "../json/parse.ts";
import { is64Bit } from "../schema/scalars.ts";
import type { CallKind, MethodEntry, ServiceEntry } from "../schema/services.ts";

export type FieldShape = "string" | "strings" | "number" | "int64" | "enum" | "time" | MessageShape | readonly [MessageShape];

/** The fields that a message must have, by their names in the .proto file. It may have more. */
export interface MessageShape {
  readonly [field: string]: FieldShape;
}

export interface MethodShape {
  readonly kind: CallKind;
  readonly input: MessageShape;
  readonly output: MessageShape;
}

/** The value of a shape. */
export type ValueOf<Shape> = Shape extends "number"
  ? number
  : Shape extends "strings"
    ? readonly string[]
    : Shape extends string
      ? string
      : Shape extends readonly [infer Item]
        ? readonly ValueOf<Item>[]
        : { readonly [Field in keyof Shape]: ValueOf<Shape[Field]> };

/** A method with its shape. */
export interface Shaped<Shape extends MethodShape> {
  readonly method: MethodEntry;
  readonly shape: Shape;
}

export type Found<Shapes extends Readonly<Record<string, MethodShape>>> = { readonly [Name in keyof Shapes]: Shaped<Shapes[Name]> };

/**
 * Finds a service by its name without the package, whose methods have these shapes. Returns `undefined` if
 * there is none.
 */
export function findMethods<const Shapes extends Readonly<Record<string, MethodShape>>>(
  services: readonly ServiceEntry[],
  serviceName: string,
  shapes: Shapes,
): Found<Shapes> | undefined {
  for (const { name, methods } of services) {
    if (name !== serviceName) continue;
    const found = Object.entries(shapes).map(([method, shape]) => {
      const entry = methods.find((one) => one.name === method && hasShape(one, shape));
      return entry && ([method, { method: entry, shape }] as const);
    });
    // The names and shapes are those of `shapes`.
    if (found.every((one) => one !== undefined)) return Object.fromEntries(found) as unknown as Found<Shapes>;
  }
  return undefined;
}

function hasShape({ kind, desc }: MethodEntry, shape: MethodShape): boolean {
  return kind === shape.kind && matches(desc.input, shape.input) && matches(desc.output, shape.output);
}

function matches(message: DescMessage, shape: MessageShape): boolean {
  return Object.entries(shape).every(([name, wanted]) => {
    const field = message.fields.find((one) => one.name === name);
    return field !== undefined && isOfShape(field, wanted);
  });
}

const numbers = new Set([ScalarType.INT32, ScalarType.UINT32, ScalarType.SINT32, ScalarType.FLOAT, ScalarType.DOUBLE]);

function isOfShape(field: DescField, shape: FieldShape): boolean {
  if (isList(shape)) return field.fieldKind === "list" && field.message !== undefined && matches(field.message, shape[0]);
  if (typeof shape === "object") return field.fieldKind === "message" && matches(field.message, shape);
  if (shape === "time") return field.fieldKind === "message" && field.message.typeName === "google.protobuf.Timestamp";
  if (shape === "enum") return field.fieldKind === "enum";
  if (shape === "strings") return field.fieldKind === "list" && field.listKind === "scalar" && field.scalar === ScalarType.STRING;
  if (shape === "int64") return field.fieldKind === "scalar" && is64Bit(field.scalar);
  return field.fieldKind === "scalar" && (shape === "string" ? field.scalar === ScalarType.STRING : numbers.has(field.scalar));
}

function isList(shape: FieldShape): shape is readonly [MessageShape] {
  return Array.isArray(shape);
}

/**
 * Reads a message from JSON, with names as in the .proto file or in lowerCamelCase, as gateways write either.
 * Fields that are absent have their default.
 */
export function readMessage<Shape extends MessageShape>(shape: Shape, value: JsonValue | undefined): ValueOf<Shape> {
  const members = isObject(value) ? value : {};
  const fields = Object.entries(shape).map(([name, one]) => [name, readField(one, members[name] ?? members[lowerCamel(name)])]);
  // The fields are those of the shape.
  return Object.fromEntries(fields) as ValueOf<Shape>;
}

function readField(shape: FieldShape, value: JsonValue | undefined): unknown {
  if (isList(shape)) return isArray(value) ? value.map((item) => readMessage(shape[0], item)) : [];
  if (typeof shape === "object") return readMessage(shape, value);
  if (shape === "number") return Number(value ?? 0);
  if (shape === "strings") return isArray(value) ? value.map(String) : [];
  return typeof value === "string" ? value : String(value ?? "");
}

function lowerCamel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_all, next: string) => next.toUpperCase());
}
