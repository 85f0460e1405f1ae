// Converts the texts of a valid configuration: durations to milliseconds, and the paths of files to
// absolute ones.
import { resolve } from "node:path";
import { parseDuration, parseDurationOrZero } from "@grpc-study/command/duration";
import type { Config } from "./config.ts";
import type { Path } from "./document.ts";
import { configSchema } from "./schema.ts";
import { childOf, type SchemaFault, type SchemaNode } from "./schema-faults.ts";

/**
 * Converts a value that fits the schema.
 *
 * @param folder the folder that relative paths start from.
 * @param faults receives the durations that are out of range.
 */
export function convert(value: unknown, folder: string, faults: SchemaFault[]): Config {
  const visit = (schema: SchemaNode | undefined, value: unknown, path: Path): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => visit(childOf(schema, index), item, [...path, index]));
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, visit(childOf(schema, name), one, [...path, name])]));
    }
    const comment = schema?.$comment;
    if (comment === "file" || comment === "pem") {
      const text = String(value);
      if (comment === "pem" && /^\s*-----BEGIN/.test(text)) return text;
      if (!notAPath.test(text)) return resolve(folder, text);
      faults.push({ path, message: `must be the path of a file${comment === "pem" ? ', or PEM, which begins with "-----BEGIN"' : ""}` });
      return value;
    }
    if (comment === undefined || !comment.startsWith("duration")) return value;
    if (value === "off" || value === "unlimited") return Number.POSITIVE_INFINITY;
    try {
      return comment === "duration or 0" ? parseDurationOrZero(String(value)) : parseDuration(String(value));
    } catch (error) {
      faults.push({ path, message: uncapitalized((error as Error).message) });
      return value;
    }
  };
  // The schema describes the value, which Ajv has checked.
  return visit(configSchema, value, []) as Config;
}

/** Text of a file instead of its path, such as a private key, which must not appear in messages. */
const notAPath = /[\n\0]|^[A-Za-z0-9+/\s]{200,}={0,2}\s*$|^.{4096}/;

/** `It must be …` stands after the path here. */
function uncapitalized(message: string): string {
  return message.replace(/^It /, "").replace(/\.$/, "");
}
