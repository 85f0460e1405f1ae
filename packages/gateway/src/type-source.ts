// Resolves types that no descriptor defines, once a response contains them in a
// google.protobuf.Any.
import type { DescMessage, Message, Registry } from "@bufbuild/protobuf";
import { isReflectList, isReflectMap, isReflectMessage, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { type Any, AnySchema, anyUnpack } from "@bufbuild/protobuf/wkt";
import { RpcError } from "@grpc-study/rpc";
import { joinRegistries } from "./known-types.ts";

/** Finds types by name at run time. */
export interface TypeSource {
  /** The types found so far. It grows. */
  readonly registry: Registry;
  /**
   * Resolves once each type has been found, or is known to be unavailable. Never rejects. Returns
   * `undefined` if there is nothing to wait for.
   */
  find(typeNames: readonly string[]): Promise<void> | undefined;
}

/** Combines several sources. Queries all of them. */
export function joinTypeSources(sources: readonly TypeSource[]): TypeSource | undefined {
  const [only] = sources;
  if (sources.length <= 1) return only;
  return {
    registry: joinRegistries(sources.map(({ registry }) => registry)),
    find(names) {
      const waits = sources.map((source) => source.find(names)).filter((wait) => wait !== undefined);
      return waits.length === 0 ? undefined : Promise.all(waits).then(() => {});
    },
  };
}

/** Maximum nesting depth of Any messages whose types are resolved. */
const maxDepth = 8;

/** Resolves the types that are needed to print a response or error. */
export class AnyTypes {
  readonly #source: TypeSource;
  readonly #known: Registry;
  readonly #containsAny = new Map<DescMessage, boolean>();

  /** @param known all known types, including those of the source. */
  constructor(source: TypeSource, known: Registry) {
    this.#source = source;
    this.#known = known;
  }

  /** Whether a message may contain an Any at any depth. */
  mayContainAny(schema: DescMessage, seen = new Set<DescMessage>()): boolean {
    const known = this.#containsAny.get(schema);
    if (known !== undefined) return known;
    if (schema.typeName === AnySchema.typeName) return true;
    if (seen.has(schema)) return false;
    seen.add(schema);
    const result = schema.fields.some(({ message }) => message !== undefined && this.mayContainAny(message, seen));
    // Within a cycle, a negative result is only final for the outermost message.
    if (result || seen.size === 1) this.#containsAny.set(schema, result);
    return result;
  }

  /** Passes on a response or error once its types have been resolved. */
  async resolve<Response extends Message | undefined>(schema: DescMessage, response: Promise<Response>): Promise<Response> {
    try {
      const message = await response;
      if (message !== undefined) await this.#find(() => this.#missingIn(reflect(schema, message)));
      return message;
    } catch (error) {
      if (error instanceof RpcError && error.details.length > 0)
        await this.#find(() => error.details.flatMap((any) => this.#missingOf(any)));
      throw error;
    }
  }

  async #find(missing: () => readonly string[]): Promise<void> {
    for (let round = 0; round < maxDepth; round++) {
      const names = missing();
      const wait = names.length === 0 ? undefined : this.#source.find([...new Set(names)]);
      if (wait === undefined) return;
      await wait;
    }
  }

  #missingIn(message: ReflectMessage, depth = 0): string[] {
    if (message.desc.typeName === AnySchema.typeName) return this.#missingOf(message.message as Any, depth);
    const missing: string[] = [];
    const visit = (value: unknown) => {
      if (isReflectMessage(value)) missing.push(...this.#missingIn(value, depth));
    };
    for (const field of message.fields) {
      if (field.message === undefined || !this.mayContainAny(field.message) || !message.isSet(field)) continue;
      const value: unknown = message.get(field);
      if (isReflectList(value)) for (const item of value) visit(item);
      else if (isReflectMap(value)) for (const item of value.values()) visit(item);
      else visit(value);
    }
    return missing;
  }

  #missingOf(any: Any, depth = 0): string[] {
    const name = any.typeUrl.slice(any.typeUrl.lastIndexOf("/") + 1);
    if (name === "") return [];
    const schema = this.#known.getMessage(name);
    if (schema === undefined) return [name];
    if (depth >= maxDepth || !this.mayContainAny(schema)) return [];
    try {
      const inner = anyUnpack(any, schema);
      return inner === undefined ? [] : this.#missingIn(reflect(schema, inner), depth + 1);
    } catch {
      // The bytes are not a valid message. They are printed as bytes.
      return [];
    }
  }
}
