// The parameters of a binding: the variables of its path, and in the query, all fields that are neither there nor in the body.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import type { FieldPath } from "../fields/field-path.ts";
import { textParser } from "../fields/parse-text.ts";
import { updateMaskField } from "../fields/update-mask.ts";
import type { Binding } from "../http-rule/rule.ts";
import { isRequired } from "./constraints.ts";
import type { Parameter, Schema } from "./document.ts";
import { describeSegment, isWholeField, type OpenApiPath } from "./paths.ts";
import type { Schemas } from "./schemas.ts";
import { describe } from "./text.ts";
import { wellKnownSchema } from "./well-known.ts";

export function pathParameters(binding: Binding, path: OpenApiPath, schemas: Schemas): Parameter[] {
  return path.parameters.map((parameter) => {
    const field = parameter.variable?.path.at(-1);
    const { description, deprecated, ...schema }: Schema =
      field && isWholeField(parameter, binding.template) ? schemas.ofField(field) : { type: "string" };
    const name = parameter.variable === undefined ? "" : fieldName(parameter.variable.path, schemas);
    return {
      name: parameter.name,
      in: "path",
      required: true,
      ...describe(description ?? (field && schemas.ofField(field).description), describeSegment(parameter, name, binding.template)),
      ...(deprecated ? { deprecated } : {}),
      schema: textual(schema),
    };
  });
}

/** The names along a path, and dots between them. */
export function fieldName(path: FieldPath, schemas: Schemas): string {
  return path.map((field) => schemas.nameOf(field)).join(".");
}

export interface QueryParameters {
  readonly parameters: Parameter[];
  /** Fields that would belong to the query, and cannot be written in one. */
  readonly left: readonly FieldPath[];
  /** Messages that contain themselves: their fields are not listed again. */
  readonly recursive: readonly FieldPath[];
}

export function queryParameters({ method, verb, body, variables }: Binding, schemas: Schemas): QueryParameters {
  const parameters: Parameter[] = [];
  const left: FieldPath[] = [];
  const recursive: FieldPath[] = [];
  if (body === "*") return { parameters, left, recursive };
  const isInPath = (path: FieldPath) =>
    variables.some((variable) => variable.path.length === path.length && variable.path.every((field, index) => field === path[index]));

  const add = (path: FieldPath, field: DescField, required: boolean): void => {
    const { description, deprecated, ...schema } = schemas.ofField(field);
    const derived = verb === "PATCH" && body?.fieldKind === "message" && path.length === 1 && field === updateMaskField(method.input);
    parameters.push({
      name: fieldName(path, schemas),
      in: "query",
      ...(required && !derived ? { required } : {}),
      ...describe(description, derived ? "If it is left out, what the body has is what is updated." : undefined),
      ...(deprecated ? { deprecated } : {}),
      ...(field.fieldKind === "list" ? { style: "form", explode: true } : {}),
      // `labels[colour]=red`
      ...(field.fieldKind === "map" ? { style: "deepObject", explode: true } : {}),
      schema: isJson(field) ? { type: "string", contentMediaType: "application/json" } : textual(schema),
    });
  };
  const walk = (message: DescMessage, above: readonly DescField[], within: readonly DescMessage[], required: boolean): void => {
    for (const field of message.fields) {
      const path = append(above, field);
      if ((above.length === 0 && field === body) || isInPath(path)) continue;
      if (textParser(field) !== undefined) add(path, field, required && isRequired(field));
      else if (field.fieldKind !== "message" || wellKnownSchema(field.message) !== undefined) left.push(path);
      else if (within.includes(field.message)) recursive.push(path);
      else walk(field.message, path, [...within, field.message], required && isRequired(field));
    }
  };
  walk(method.input, [], [method.input], true);
  return { parameters, left, recursive };
}

function append([first, ...rest]: readonly DescField[], last: DescField): FieldPath {
  return first === undefined ? [last] : [first, ...rest, last];
}

/** Whether a field may be any JSON, which a query has as text. */
function isJson(field: DescField): boolean {
  return field.fieldKind === "message" && /^google\.protobuf\.(?:Struct|ListValue|Value)$/.test(field.message.typeName);
}

/** Paths and queries have no null. */
function textual(schema: Schema): Schema {
  const result = { ...schema };
  if (Array.isArray(result.type)) {
    const [type, ...more] = result.type.filter((type) => type !== "null");
    if (type !== undefined) result.type = more.length === 0 ? type : [type, ...more];
  }
  if (result.enum !== undefined) result.enum = result.enum.filter((value) => value !== null);
  if (result.anyOf !== undefined) result.anyOf = result.anyOf.filter(({ type }) => type !== "null");
  return result;
}
