// What an interceptor leaves for the handler, typed by its key.
import { checkString, wrongType } from "../checks.ts";

/** Names a value of a call. Make one, and share it between the interceptor that sets it and the handlers that read it. */
export interface ContextKey<T> {
  readonly name: string;
  /** Only for the type system. */
  readonly type?: T;
}

/** @throws TypeError if the key was not made by `createContextKey()`. */
export function checkKey(name: string, value: unknown): void {
  if (typeof (value as ContextKey<unknown> | undefined | null)?.name === "string" && typeof value === "object") return;
  throw wrongType(name, "made by createContextKey()", value);
}

/** @example const user = createContextKey<User>("user"); */
export function createContextKey<T>(name: string): ContextKey<T> {
  return { name: checkString("the name of a context key", name) };
}

/** The values of one call. */
export class ContextValues {
  readonly #values = new Map<ContextKey<unknown>, unknown>();

  set<T>(key: ContextKey<T>, value: T): void {
    checkKey("key", key);
    this.#values.set(key, value);
  }

  get<T>(key: ContextKey<T>): T | undefined {
    checkKey("key", key);
    return this.#values.get(key) as T | undefined;
  }

  /** Like `get`, where the value must be there: throws (the call is INTERNAL then) if no interceptor has set it. */
  require<T>(key: ContextKey<T>): T {
    checkKey("key", key);
    if (!this.#values.has(key)) throw new Error(`no interceptor has set "${key.name}"`);
    return this.#values.get(key) as T;
  }
}
