// Generates config.schema.json, for editors, and gen/config/validate.js, the validator of the
// configuration. Ajv compiles the validator here, so that the package does not depend on Ajv.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import standaloneCode from "ajv/dist/standalone/index.js";
import { configSchema } from "../src/config/schema.ts";
import { publishedSchema } from "./published-schema.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const ajv = new Ajv({ allErrors: true, messages: false, allowUnionTypes: true, code: { source: true, esm: true } });
// The validator contains its schema.
const withoutTexts = JSON.parse(
  JSON.stringify(configSchema, (key, value: unknown) => (key === "description" && typeof value === "string" ? undefined : value)),
);
const code = standaloneCode.default(ajv, ajv.compile(withoutTexts));
if (/\brequire\(|^import /m.test(code))
  throw new Error("the generated validator needs a module of Ajv: change the keyword of the schema that does");

mkdirSync(`${root}gen/config`, { recursive: true });
writeFileSync(`${root}config.schema.json`, `${JSON.stringify(publishedSchema(configSchema), undefined, 2)}\n`);
writeFileSync(`${root}gen/config/validate.js`, code);
writeFileSync(
  `${root}gen/config/validate.d.ts`,
  `/** An error of Ajv. */
export interface SchemaError {
  /** A JSON pointer (RFC 6901). */
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The name that the error is about, with the keyword \`propertyNames\`. */
  readonly propertyName?: string;
}
/** Checks a configuration in which variables are replaced. Sets \`errors\` unless it returns true. */
export declare const validate: { (value: unknown): boolean; readonly errors?: readonly SchemaError[] | null };
`,
);
