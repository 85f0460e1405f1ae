export interface StoreCallOptions {
  /**
   * Ends the operation, which then rejects with the reason of the signal. A PostgreSQL server also
   * cancels the query; PGlite finishes a query that it has begun. A transaction that was about to
   * commit may or may not have happened.
   */
  readonly signal?: AbortSignal | undefined;
}

export interface OpenStoreOptions extends StoreCallOptions {
  /** Whether the caller has locked the folder by `lockFolder`, and unlocks it itself. Default: false. */
  readonly locked?: boolean | undefined;
}
