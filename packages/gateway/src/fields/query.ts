// Query parameters: `order_main.order_id=1`, `labels[colour]=red`, in snake_case or camelCase.
import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import { Code, RpcError } from "@grpc-study/rpc";
import { type TextAssigner, textAssigner } from "./assign-text.ts";
import { type FieldPath, formatPath, resolveFieldPath } from "./field-path.ts";
import { invalidField, quote } from "./invalid-field.ts";

/** The query parameters of one binding. */
export class QueryParameters {
  readonly #message: DescMessage;
  readonly #taken: readonly string[];
  readonly #rejectUnknown: boolean;
  /** Parameters seen before. It only holds names that resolve to a field, up to a fixed number. */
  readonly #known = new Map<string, Parameter>();

  /**
   * @param taken fields that the path or the body sets. Parameters for them, or for fields below
   *   them, are ignored.
   * @param rejectUnknown whether an unknown parameter is an error.
   */
  constructor(message: DescMessage, taken: readonly FieldPath[], rejectUnknown: boolean) {
    this.#message = message;
    this.#taken = taken.map(formatPath);
    this.#rejectUnknown = rejectUnknown;
  }

  /**
   * Assigns the parameters to a message.
   *
   * @param query percent-encoded, without its question mark.
   * @throws RpcError INVALID_ARGUMENT that names the parameter.
   */
  assign(message: Message, query: string): void {
    let seen: Set<Parameter | string> | undefined;
    for (const pair of query.split("&")) {
      if (pair === "") continue;
      const equals = pair.indexOf("=");
      const name = decode(equals < 0 ? pair : pair.slice(0, equals));
      const parameter = this.#known.get(name) ?? this.#find(name);
      if (parameter === undefined) {
        if (this.#rejectUnknown) throw invalidField(name, `${this.#message.typeName} does not have this field`);
        continue;
      }
      if (parameter.assign === undefined) continue;
      if (!parameter.repeated) {
        seen ??= new Set();
        const one = parameter.isEntry ? name : parameter;
        if (seen.has(one)) throw invalidField(parameter.field, "the parameter is repeated, but the field is not");
        seen.add(one);
      }
      parameter.assign(message, equals < 0 ? "" : decode(pair.slice(equals + 1)));
    }
  }

  /**
   * Whether a query sets a top-level field.
   *
   * @throws RpcError INVALID_ARGUMENT if the query is not percent-encoded UTF-8.
   */
  names(query: string, field: DescField): boolean {
    return query.split("&").some((pair) => {
      const name = decode(pair.split("=", 1)[0] ?? "");
      return name === field.name || name === field.jsonName;
    });
  }

  #find(name: string): Parameter | undefined {
    // A message may contain itself, so valid names have no maximum length.
    if (name.length > 512) return undefined;
    const [, map, key] = /^(.*?)\[(.*)\]$/s.exec(name) ?? [];
    const path = resolveFieldPath(this.#message, map ?? name);
    if (path === undefined) return undefined;
    const field = formatPath(path);
    const repeated = path.at(-1)?.fieldKind === "list";
    const taken = this.#taken.some((one) => field === one || field.startsWith(`${one}.`));
    const assign = taken ? undefined : textAssigner(path, key);
    if (assign === undefined && !taken) return undefined;
    // All spellings share one parameter.
    const same = [...this.#known.values()].find((known) => known.field === field && key === undefined);
    const parameter = same ?? { field, repeated, isEntry: key !== undefined, assign };
    if (this.#known.size < 1000 && key === undefined) this.#known.set(name, parameter);
    return parameter;
  }
}

interface Parameter {
  readonly field: string;
  readonly repeated: boolean;
  /** Whether it sets a map entry. Entries are unbounded, so they are not cached. */
  readonly isEntry: boolean;
  /** `undefined` if the path or the body sets the field. */
  readonly assign: TextAssigner | undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.includes("+") ? text.replaceAll("+", " ") : text);
  } catch {
    throw new RpcError(Code.INVALID_ARGUMENT, `the query is not percent-encoded UTF-8: ${quote(text)}`);
  }
}
