// Where in a request a violation belongs that a server reports.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { asObject, type ErrorDetail } from "../call/status.ts";
import { isObject, type JsonValue } from "../json/parse.ts";
import { fieldOf, hasJsonForm, keyIn, type Path } from "./check.ts";

/** A violation as the server reports it. */
export interface FieldViolation {
  /** Such as `users[3].user_id`. Empty for the whole request. */
  readonly field: string;
  readonly text: string;
  /** Whether it concerns the key of a map. */
  readonly ofKey: boolean;
}

/** The violations in a google.rpc.BadRequest: https://google.aip.dev/193 */
export function badRequestOf({ debug }: ErrorDetail): FieldViolation[] {
  const { fieldViolations } = asObject(debug);
  if (!Array.isArray(fieldViolations)) return [];
  return fieldViolations.map(asObject).map(({ field, description, reason }) => ({
    field: String(field ?? ""),
    text: String(description ?? reason ?? ""),
    ofKey: false,
  }));
}

const part = /\.?([^.[\]]+)|\[("(?:[^"\\]|\\.)*"|[^\]]*)\]/y;

/**
 * The path of a field in a request. Servers write names as in the .proto or as in JSON, and indexes in
 * brackets or between dots. `undefined` if the request has no such field.
 */
export function pathOfField(message: DescMessage, request: JsonValue, field: string): Path | undefined {
  const path: (string | number)[] = [];
  let type: DescMessage | undefined = message;
  let at: JsonValue | undefined = request;
  let group: "list" | "map" | undefined;
  for (part.lastIndex = 0; part.lastIndex < field.length; ) {
    const [, name, subscript] = part.exec(field) ?? [];
    const text = name ?? unquoted(subscript);
    if (text === undefined) return undefined;
    let key: string | number = text;
    if (group === undefined) {
      const next: DescField | undefined = type === undefined || hasJsonForm(type) ? undefined : fieldOf(type, text);
      // A field within a value that is one in JSON, such as `value` of a wrapper.
      if (next === undefined) return path.length > 0 && type !== undefined && hasJsonForm(type) ? path : undefined;
      key = keyIn(at, next);
      type = next.message;
      group = next.fieldKind === "list" || next.fieldKind === "map" ? next.fieldKind : undefined;
    } else {
      if (group === "list") {
        key = Number(text);
        if (!Number.isSafeInteger(key)) return undefined;
      }
      group = undefined;
    }
    path.push(key);
    at = valueAt(at, [key]);
  }
  return path;
}

/** The text in a subscript. */
function unquoted(subscript: string | undefined): string | undefined {
  if (!subscript?.startsWith('"')) return subscript;
  try {
    return JSON.parse(subscript) as string;
  } catch {
    return undefined;
  }
}

/** The value at a path. */
export function valueAt(value: JsonValue | undefined, path: Path): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((at, key) => {
    if (typeof key === "number") return Array.isArray(at) ? (at as readonly JsonValue[])[key] : undefined;
    return isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }, value);
}
