// Values of one call, typed by their key: interceptors pass them to handlers, and callers to
// interceptors.
import { checkString, wrongType } from "./checks.ts";

/**
 * The key of a value. Create one key, and share it between the interceptor that sets the value and
 * the handlers that read it.
 */
export interface ContextKey<T> {
  readonly name: string;
  /** Only for the type system. */
  readonly type?: T;
}

/** @throws TypeError if the key was not created by `createContextKey()`. */
export function checkKey(name: string, value: unknown): void {
  if (typeof (value as ContextKey<unknown> | undefined | null)?.name === "string" && typeof value === "object") return;
  throw wrongType(name, "made by createContextKey()", value);
}

/**
 * Creates a key for a value of calls.
 *
 * @example
 * const user = createContextKey<User>("user");
 *
 * @throws TypeError if the name is not a string.
 */
export function createContextKey<T>(name: string): ContextKey<T> {
  return { name: checkString("the name of a context key", name) };
}

/** The values of one call. */
export class ContextValues {
  readonly #values = new Map<ContextKey<unknown>, unknown>();

  /** Sets a value, and returns the values: `new ContextValues().set(user, ann)`. */
  set<T>(key: ContextKey<T>, value: T): this {
    checkKey("key", key);
    this.#values.set(key, value);
    return this;
  }

  get<T>(key: ContextKey<T>): T | undefined {
    checkKey("key", key);
    return this.#values.get(key) as T | undefined;
  }

  /**
   * Returns a value that must exist.
   *
   * @throws Error if the value has not been set. On the server, the call then ends with INTERNAL.
   */
  require<T>(key: ContextKey<T>): T {
    checkKey("key", key);
    if (!this.#values.has(key)) throw new Error(`no interceptor has set "${key.name}"`);
    return this.#values.get(key) as T;
  }
}
