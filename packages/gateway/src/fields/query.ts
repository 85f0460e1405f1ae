// Query parameters: each names a field, `order_main.order_id=1`, `labels[colour]=red`, in either spelling, and gives its value.
import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import { Code, RpcError } from "@grpc-study/rpc";
import { type TextAssigner, textAssigner } from "./assign-text.ts";
import { type FieldPath, formatPath, resolveFieldPath } from "./field-path.ts";
import { invalidField, quote } from "./invalid-field.ts";

/** The parameters of one binding. */
export class QueryParameters {
  readonly #message: DescMessage;
  readonly #taken: readonly string[];
  readonly #refuseUnknown: boolean;
  /** Those that have come. Only names that exist are kept, and not more than a .proto has use for. */
  readonly #known = new Map<string, Parameter>();

  /**
   * @param taken fields that the path or the body sets: as parameters, they and what is in them count for nothing.
   * @param refuseUnknown whether a parameter that names no field is an error.
   */
  constructor(message: DescMessage, taken: readonly FieldPath[], refuseUnknown: boolean) {
    this.#message = message;
    this.#taken = taken.map(formatPath);
    this.#refuseUnknown = refuseUnknown;
  }

  /** @param query without its question mark, percent-encoded. Throws INVALID_ARGUMENT. */
  assign(message: Message, query: string): void {
    let seen: Set<Parameter | string> | undefined;
    for (const pair of query.split("&")) {
      if (pair === "") continue;
      const equals = pair.indexOf("=");
      const name = decode(equals < 0 ? pair : pair.slice(0, equals));
      const parameter = this.#known.get(name) ?? this.#find(name);
      if (parameter === undefined) {
        if (this.#refuseUnknown) throw invalidField(name, `${this.#message.typeName} has no such field`);
        continue;
      }
      if (parameter.assign === undefined) continue;
      if (!parameter.repeated) {
        seen ??= new Set();
        const one = parameter.isEntry ? name : parameter;
        if (seen.has(one)) throw invalidField(parameter.field, "is given more than once, and is not repeated");
        seen.add(one);
      }
      parameter.assign(message, equals < 0 ? "" : decode(pair.slice(equals + 1)));
    }
  }

  /** Whether a query sets a field of the request itself. @throws RpcError INVALID_ARGUMENT */
  names(query: string, field: DescField): boolean {
    return query.split("&").some((pair) => {
      const name = decode(pair.split("=", 1)[0] ?? "");
      return name === field.name || name === field.jsonName;
    });
  }

  #find(name: string): Parameter | undefined {
    // Messages can contain themselves: there is no end to the names that exist.
    if (name.length > 512) return undefined;
    const [, map, key] = /^(.*?)\[(.*)\]$/s.exec(name) ?? [];
    const path = resolveFieldPath(this.#message, map ?? name);
    if (path === undefined) return undefined;
    const field = formatPath(path);
    const repeated = path.at(-1)?.fieldKind === "list";
    const taken = this.#taken.some((one) => field === one || field.startsWith(`${one}.`));
    const assign = taken ? undefined : textAssigner(path, key);
    if (assign === undefined && !taken) return undefined;
    // One parameter, whatever its spelling.
    const same = [...this.#known.values()].find((known) => known.field === field && key === undefined);
    const parameter = same ?? { field, repeated, isEntry: key !== undefined, assign };
    if (this.#known.size < 1000 && key === undefined) this.#known.set(name, parameter);
    return parameter;
  }
}

interface Parameter {
  readonly field: string;
  readonly repeated: boolean;
  /** Whether it is one of a map's, which have no end, and so are known by their names only. */
  readonly isEntry: boolean;
  /** undefined for a field that is set elsewhere. */
  readonly assign: TextAssigner | undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.includes("+") ? text.replaceAll("+", " ") : text);
  } catch {
    throw new RpcError(Code.INVALID_ARGUMENT, `the query is not percent-encoded UTF-8: ${quote(text)}`);
  }
}
