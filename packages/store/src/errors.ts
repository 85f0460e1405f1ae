// The errors of a database, by what a caller can do about them.
import { type DriverFault, driverFault } from "@grpc-study/live/postgres";
import { DatabaseError } from "pg";

/**
 * - `unavailable`: the database is down, restarts, has no connection left, or another transaction keeps
 *   a lock. The same operation may succeed later.
 * - `full`: the database has no disk space or memory left.
 * - `cancelled`: the database has cancelled the query, for example after its `statement_timeout`.
 * - `invalid`: PostgreSQL cannot hold a value.
 */
export type StoreErrorReason = "unavailable" | "full" | "cancelled" | "invalid";

/** An operation has failed because of the database. `cause` is the error of the driver. */
export class StoreError extends Error {
  static {
    StoreError.prototype.name = "StoreError";
  }
  readonly reason: StoreErrorReason;

  constructor(reason: StoreErrorReason, message: string, cause: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

/**
 * SQLSTATE codes and their classes
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html). A code precedes its class.
 */
const reasons: Readonly<Record<string, readonly [StoreErrorReason, string]>> = {
  "57014": ["cancelled", "the database cancelled the query"],
  // A standby, or a server whose disk the operator has set read-only: another server may accept writes.
  "25006": ["unavailable", "the database is read-only"],
  "22021": ["invalid", "a text contains a character that PostgreSQL cannot hold"],
  "22008": ["invalid", "a time is out of the range of PostgreSQL"],
  "55P03": ["unavailable", "a transaction of another client holds a lock"],
  "53300": ["unavailable", "the database has no connection left"],
  "08": ["unavailable", "the connection to the database is lost"],
  "28": ["unavailable", "the database rejects the user or the password"],
  "3D": ["unavailable", "the database does not exist"],
  "40": ["unavailable", "the database could not serialize the transaction"],
  "53": ["full", "the database has no space left"],
  "57": ["unavailable", "the database is shutting down or starting up"],
  "58": ["unavailable", "the database has a problem with its disk"],
};

const driverReasons: Readonly<Record<DriverFault, string>> = {
  busy: "all connections to the database are in use",
  lost: "the connection to the database is lost",
  rejected: "the database rejects the user or the password",
  unreachable: "the database cannot be reached",
  untrusted: "the certificate of the database is not trusted",
};

/** Returns a StoreError for an error of the database. Other errors are bugs, and are returned unchanged. */
export function storeError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StoreError) return error;
  if (error instanceof DatabaseError && error.code !== undefined) {
    const [reason, message] = reasons[error.code] ?? reasons[error.code.slice(0, 2)] ?? [];
    return reason === undefined ? error : new StoreError(reason, `${message}`, error);
  }
  const fault = driverFault(error);
  return fault === undefined ? error : new StoreError("unavailable", driverReasons[fault], error);
}
