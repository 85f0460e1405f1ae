// Types that no descriptor has told of, asked for when a response has one in a google.protobuf.Any.
import type { DescMessage, Message, Registry } from "@bufbuild/protobuf";
import { isReflectList, isReflectMap, isReflectMessage, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { type Any, AnySchema, anyUnpack } from "@bufbuild/protobuf/wkt";
import { RpcError } from "@grpc-study/rpc";
import { joinRegistries } from "./known-types.ts";

/** Finds types by name, wherever they are. */
export interface TypeSource {
  /** The types that have been found. It grows. */
  readonly registry: Registry;
  /** Resolves once each type has been found, or cannot be. Never rejects. Undefined if there is nothing to wait for. */
  find(typeNames: readonly string[]): Promise<void> | undefined;
}

/** Several sources as one: each is asked. */
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

/** How deep an Any may be in another for its type to be asked for. */
const deepest = 8;

/** Has the types at hand that a response, or an error, needs to be printed. */
export class AnyTypes {
  readonly #source: TypeSource;
  readonly #known: Registry;
  readonly #reaching = new Map<DescMessage, boolean>();

  /** @param known all types that can be printed, those of the source included. */
  constructor(source: TypeSource, known: Registry) {
    this.#source = source;
    this.#known = known;
  }

  /** Whether there may be an Any in a message, however deep. */
  reaches(schema: DescMessage, seen = new Set<DescMessage>()): boolean {
    const known = this.#reaching.get(schema);
    if (known !== undefined) return known;
    if (schema.typeName === AnySchema.typeName) return true;
    if (seen.has(schema)) return false;
    seen.add(schema);
    const answer = schema.fields.some(({ message }) => message !== undefined && this.reaches(message, seen));
    // Within a cycle, no is an answer for the outermost only.
    if (answer || seen.size === 1) this.#reaching.set(schema, answer);
    return answer;
  }

  /** The same response, once its types are at hand. */
  async of<Response extends Message | undefined>(schema: DescMessage, response: Promise<Response>): Promise<Response> {
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
    for (let round = 0; round < deepest; round++) {
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
      if (field.message === undefined || !this.reaches(field.message) || !message.isSet(field)) continue;
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
    if (depth >= deepest || !this.reaches(schema)) return [];
    try {
      const inner = anyUnpack(any, schema);
      return inner === undefined ? [] : this.#missingIn(reflect(schema, inner), depth + 1);
    } catch {
      // Bytes that are no such message: they are printed as bytes.
      return [];
    }
  }
}
