// Says in one sentence what the validator of the schema found.
import { type SchemaError, validate } from "../../gen/config/validate.js";
import type { Path } from "./document.ts";
import { configSchema } from "./schema.ts";
import { patternTexts } from "./schema-parts.ts";
import { suggestion } from "./suggest.ts";

export interface SchemaFault {
  readonly path: Path;
  /** The key that the fault is about. Default: the value at `path`. */
  readonly key?: string | undefined;
  readonly message: string;
}

/** All faults of a value. */
export function schemaFaults(value: unknown): SchemaFault[] {
  if (validate(value)) return [];
  // An error of a name is followed by one with the keyword propertyNames.
  const errors = (validate.errors ?? []).filter(({ propertyName }) => propertyName === undefined);
  return errors.map((error) => faultOf(error, value));
}

function faultOf({ instancePath, keyword, params }: SchemaError, root: unknown): SchemaFault {
  const path = pathOf(instancePath, root);
  const value = valueAt(root, path);
  switch (keyword) {
    case "additionalProperties": {
      const key = String(params["additionalProperty"]);
      const similar = suggestion(key, Object.keys(schemaAt(path)?.properties ?? {}));
      return { path: [...path, key], key, message: similar === undefined ? "unknown key" : `unknown key, did you mean ${similar}?` };
    }
    case "propertyNames": {
      const key = String(params["propertyName"]);
      return { path: [...path, key], key, message: "the key must be pkg.Service.Method, pkg.Service.* or pkg.*" };
    }
    case "required":
      return { path, message: `the key ${params["missingProperty"]} is missing` };
    case "dependencies":
      return { path, message: `${params["property"]} needs ${params["deps"]}` };
    case "type":
      return { path, message: `must be ${[params["type"]].flat().map(article).join(" or ")}, got ${kindOf(value)}` };
    case "enum": {
      const allowed = (params["allowedValues"] as readonly unknown[]).map(String);
      const similar = suggestion(String(value), allowed);
      return { path, message: `must be one of ${allowed.join(", ")}${similar === undefined ? "" : `, did you mean ${similar}?`}` };
    }
    case "pattern":
      return { path, message: `must be ${patternTexts[String(params["pattern"])] ?? `text like ${params["pattern"]}`}` };
    case "minimum":
      return { path, message: `must be at least ${params["limit"]}, got ${value}` };
    case "maximum":
      return { path, message: `must be at most ${params["limit"]}, got ${value}` };
    case "minItems":
      return { path, message: "must not be empty" };
    default:
      return { path, message: `does not fit ${keyword}` };
  }
}

/** The segments of a JSON pointer (RFC 6901). Indexes of lists are numbers. */
function pathOf(pointer: string, root: unknown): Path {
  const path: (string | number)[] = [];
  let value = root;
  for (const part of pointer.split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    path.push(Array.isArray(value) ? Number(name) : name);
    value = (value as Record<string, unknown>)[name];
  }
  return path;
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, name) => (value as Record<string | number, unknown>)[name], root);
}

/** A schema, as far as it is walked. */
export interface SchemaNode {
  readonly type?: unknown;
  readonly $comment?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly additionalProperties?: SchemaNode | boolean;
}

/** The schema of a value. `undefined` for an unknown key. */
export function schemaAt(path: Path): SchemaNode | undefined {
  return path.reduce<SchemaNode | undefined>((schema, name) => childOf(schema, name), configSchema);
}

/** The schema of a key, or of the elements of a list. */
export function childOf(schema: SchemaNode | undefined, name: string | number): SchemaNode | undefined {
  if (typeof name === "number") return schema?.items;
  const { properties = {}, additionalProperties } = schema ?? {};
  if (Object.hasOwn(properties, name)) return properties[name];
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}

const article = (type: unknown) => (/^[aeio]/.test(String(type)) ? `an ${type}` : `a ${type}`);

/** The value itself may be a secret. */
function kindOf(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "an array";
  return typeof value === "number" ? `the number ${value}` : article(typeof value);
}
