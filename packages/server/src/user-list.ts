// Who may call with a token, now. A list may be replaced while calls run.

/** Somebody who may call with a token. */
export interface User {
  readonly user: string;
  readonly token: string;
  /** What the user may call: `/package.Service/Method`, or `/package.Service/*`. Default: everything. */
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

  /** Calls `listener` after each replacement. Returns what ends that. */
  onReplace(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Says what ends with the list. */
  onClose(close: () => void): void {
    this.#close = close;
  }

  close(): void {
    this.#close();
  }
}
