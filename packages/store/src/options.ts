export interface StoreCallOptions {
  /**
   * Ends the operation, which then rejects with the reason of the signal. A PostgreSQL server also
   * cancels the query. PGlite finishes a query that it has begun, and others wait for it: its thread
   * runs WebAssembly, which does not return to the event loop during a query. A transaction that was about to
   * commit may or may not have happened.
   */
  readonly signal?: AbortSignal | undefined;
}

export interface OpenStoreOptions extends StoreCallOptions {
  /**
   * The URL of a NATS server that wakes up the watchers of other processes, instead of LISTEN and
   * NOTIFY of the PostgreSQL server: for example, if a pooler between them shares connections.
   */
  readonly natsUrl?: string | undefined;
  /** Whether the caller has locked the folder by `lockFolder`, and unlocks it itself. Default: false. */
  readonly locked?: boolean | undefined;
}
