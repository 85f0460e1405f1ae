// The messages between the engine and its worker thread.

/** Bytes of PostgreSQL's protocol from one connection, or `"close"`. */
export type Request = { readonly connection: number; readonly bytes: Uint8Array } | "close";

/**
 * The response to the bytes of a connection, a warning for the operator, or the outcome of opening or
 * closing. `new` precedes `ready` if there was no database.
 */
export type Response =
  | { readonly connection: number; readonly bytes: Uint8Array }
  | { readonly warning: string }
  | { readonly problem: string }
  | "new"
  | "ready"
  | "closed";
