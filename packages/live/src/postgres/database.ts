// What the log needs of a connection to PostgreSQL: pg and PGlite provide it.

/** Runs a statement. A `pg` client or pool, a PGlite, and their transactions all fit. */
export interface Queryable {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>;
}

export interface Database extends Queryable {
  /** Runs several statements in one transaction. */
  script(text: string): Promise<void>;
  /**
   * Listens to a channel until the signal aborts. Resolves once it listens; calls `onLost` once if
   * the connection is lost later.
   */
  listen(channel: string, onNotification: (payload: string) => void, onLost: () => void, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
