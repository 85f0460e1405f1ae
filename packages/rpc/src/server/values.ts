// What an interceptor leaves for the handler, typed by its key.

/** Names a value of a call. Make one, and share it between the interceptor that sets it and the handlers that read it. */
export interface ContextKey<T> {
  readonly name: string;
  /** Only for the type system. */
  readonly type?: T;
}

/** @example const user = createContextKey<User>("user"); */
export function createContextKey<T>(name: string): ContextKey<T> {
  return { name };
}

/** The values of one call. */
export class ContextValues {
  readonly #values = new Map<ContextKey<unknown>, unknown>();

  set<T>(key: ContextKey<T>, value: T): void {
    this.#values.set(key, value);
  }

  get<T>(key: ContextKey<T>): T | undefined {
    return this.#values.get(key) as T | undefined;
  }

  /** Like `get`, where the value must be there: throws (the call is INTERNAL then) if no interceptor has set it. */
  require<T>(key: ContextKey<T>): T {
    if (!this.#values.has(key)) throw new Error(`no interceptor has set "${key.name}"`);
    return this.#values.get(key) as T;
  }
}
