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
    if (comment === "file") return resolve(folder, String(value));
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

/** `It must be …` stands after the path here. */
function uncapitalized(message: string): string {
  return message.replace(/^It /, "").replace(/\.$/, "");
}
