// The users who may call with a token. The list can be replaced while calls run.

/** A user who may call with a token. */
export interface User {
  readonly user: string;
  readonly token: string;
  /**
   * The methods that the user may call: `/package.Service/Method` or `/package.Service/*`. Default:
   * all.
   */
  readonly methods?: readonly string[];
}

export class UserList {
  #users: readonly User[];
  readonly #listeners = new Set<() => void>();
  #close = () => {};

  constructor(users: readonly User[]) {
    this.#users = users;
  }

  get users(): readonly User[] {
    return this.#users;
  }

  replace(users: readonly User[]): void {
    this.#users = users;
    for (const listener of this.#listeners) listener();
  }

  /** Calls `listener` after each replacement. Returns a function that removes the listener. */
  onReplace(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Sets the function that `close()` calls. */
  onClose(close: () => void): void {
    this.#close = close;
  }

  close(): void {
    this.#close();
  }
}
