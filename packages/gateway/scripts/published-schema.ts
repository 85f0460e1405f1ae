// The schema for editors. The validator sees values in which references to environment variables are
// replaced; editors see the references, so that this schema accepts them for each value.

/** A reference: `${NAME}` or `${NAME:-default}`. */
const reference = "\\$\\{[A-Za-z_]\\w*(?::-[^{}]*)?\\}";

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
}

/** The schema whose values may contain references. */
export function publishedSchema(schema: Schema): Json {
  const { type = [], enum: names, pattern, properties, items, additionalProperties, ...others } = schema;
  const types = [type].flat();
  const isValue = types.some((one) => one !== "object" && one !== "array");
  const withReference = isValue && !types.includes("string") ? [...types, "string"] : types;
  const parts = {
    ...others,
    ...(types.length > 0 && { type: withReference.length === 1 ? withReference[0] : withReference }),
    ...(names && { anyOf: [{ enum: names }, { pattern: reference }] }),
    ...(isValue && names === undefined && { pattern: isText(types, pattern) ? `${pattern ?? ""}|${reference}` : reference }),
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, publishedSchema(one)])) }),
    ...(items && { items: publishedSchema(items) }),
    ...(additionalProperties !== undefined && {
      additionalProperties: typeof additionalProperties === "object" ? publishedSchema(additionalProperties) : additionalProperties,
    }),
  };
  return JSON.parse(JSON.stringify(parts)) as Json;
}

const isText = (types: readonly string[], pattern: string | undefined) => types.includes("string") && pattern !== undefined;
