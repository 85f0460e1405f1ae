// The parameters of an operation: the path variables, and the query parameters for all fields that
// are neither in the path nor in the body.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { type FieldPath, formatPath } from "../fields/field-path.ts";
import { textParser } from "../fields/parse-text.ts";
import { updateMaskField } from "../fields/update-mask.ts";
import type { Binding } from "../http-rule/rule.ts";
import { isRequired } from "./constraints.ts";
import type { Parameter, Schema } from "./document.ts";
import type { Example } from "./example.ts";
import { describeSegment, isWholeField, type OpenApiPath } from "./paths.ts";
import type { Schemas } from "./schemas.ts";
import { describe } from "./text.ts";
import { wellKnownSchema } from "./well-known.ts";

export function pathParameters(binding: Binding, path: OpenApiPath, schemas: Schemas, example: Example | undefined): Parameter[] {
  return path.parameters.map((parameter, index) => {
    const text = example?.wildcards[index];
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
      ...(text === undefined ? {} : { example: schema.type === "integer" ? Number(text) : text }),
      ...(parameter.segment === "**" ? { "x-multi-segment": true } : {}),
    };
  });
}

/** A field path with dots, in the configured spelling. */
export function fieldName(path: FieldPath, schemas: Schemas): string {
  return path.map((field) => schemas.nameOf(field)).join(".");
}

export interface QueryParameters {
  readonly parameters: Parameter[];
  /** Fields that a query cannot express. */
  readonly unsupported: readonly FieldPath[];
  /** Messages that are recursive or nested too deeply. Their fields are not listed. */
  readonly unlisted: readonly FieldPath[];
}

/**
 * Maximum number of fields that one operation lists. Deeper levels are omitted first, because
 * recursive messages have no limit.
 */
const maxFields = 200;

export function queryParameters(binding: Binding, schemas: Schemas, example: Example | undefined): QueryParameters {
  if (binding.body === "*") return { parameters: [], unsupported: [], unlisted: [] };
  for (const levels of [8, 4, 2]) {
    const listed = listParameters(binding, schemas, example, levels, maxFields);
    if (listed !== undefined) return listed;
  }
  return listParameters(binding, schemas, example, 1, Number.POSITIVE_INFINITY) as QueryParameters;
}

/** Returns `undefined` if there are more than `max` fields. */
function listParameters(
  binding: Binding,
  schemas: Schemas,
  example: Example | undefined,
  levels: number,
  max: number,
): QueryParameters | undefined {
  const { method, verb, body, variables } = binding;
  const listed: (readonly [path: FieldPath, field: DescField, required: boolean])[] = [];
  const unsupported: FieldPath[] = [];
  const unlisted: FieldPath[] = [];
  let count = 0;
  const isInPath = (path: FieldPath) =>
    variables.some((variable) => variable.path.length === path.length && variable.path.every((field, index) => field === path[index]));

  const parameterOf = ([path, field, required]: (typeof listed)[number]): Parameter => {
    const { description, deprecated, ...schema } = schemas.ofField(field);
    // Without an example, Swagger UI invents map entries and sends them.
    const given = example?.query.get(formatPath(path)) ?? (field.fieldKind === "map" ? {} : undefined);
    const derived =
      verb === "PATCH" &&
      typeof body === "object" &&
      body.fieldKind === "message" &&
      path.length === 1 &&
      field === updateMaskField(method.input);
    return {
      name: fieldName(path, schemas),
      in: "query",
      ...(required && !derived ? { required } : {}),
      ...describe(description, derived ? "Default: the fields in the body." : undefined),
      ...(deprecated ? { deprecated } : {}),
      ...(field.fieldKind === "list" ? { style: "form", explode: true } : {}),
      // `labels[colour]=red`
      ...(field.fieldKind === "map" ? { style: "deepObject", explode: true } : {}),
      schema: isJson(field) ? { type: "string", contentMediaType: "application/json" } : textual(schema),
      ...(given === undefined ? {} : { example: given }),
    };
  };
  const walk = (message: DescMessage, above: readonly DescField[], within: readonly DescMessage[], required: boolean): void => {
    for (const field of message.fields) {
      const path = append(above, field);
      if ((above.length === 0 && field === body) || isInPath(path)) continue;
      if (++count > max) return;
      if (textParser(field) !== undefined) listed.push([path, field, required && isRequired(field)]);
      else if (field.fieldKind !== "message" || wellKnownSchema(field.message) !== undefined) unsupported.push(path);
      else if (within.length === levels || within.includes(field.message)) unlisted.push(path);
      else walk(field.message, path, [...within, field.message], required && isRequired(field));
    }
  };
  walk(method.input, [], [method.input], true);
  return count > max ? undefined : { parameters: listed.map(parameterOf), unsupported, unlisted };
}

function append([first, ...rest]: readonly DescField[], last: DescField): FieldPath {
  return first === undefined ? [last] : [first, ...rest, last];
}

/** Whether a query expresses the field as JSON text. */
function isJson(field: DescField): boolean {
  return field.fieldKind === "message" && /^google\.protobuf\.(?:Struct|ListValue|Value)$/.test(field.message.typeName);
}

/** Removes null, which paths and queries cannot express. */
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
