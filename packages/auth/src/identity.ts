// Who calls: what a token or a key says about the caller.
import { type ContextKey, createContextKey } from "@grpc-study/rpc";

/**
 * The caller, as the credentials of the call name it. The object and all in it are frozen, except the
 * time of `expiresAt`.
 */
export interface Identity {
  /** The name of the caller: the claim `sub` of a token. It is unique for each issuer. */
  readonly subject: string;
  /** What the caller may do: the claims `scope` and `scp` of a token, unless `scopesOf` reads others. */
  readonly scopes: readonly string[];
  /** All claims of the token, which are verified. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** When the credentials expire; undefined if never. */
  readonly expiresAt: Date | undefined;
}

/**
 * The key of the caller in `context.values`.
 *
 * @example
 * const { subject } = context.values.require(identity);
 */
export const identity: ContextKey<Identity> = createContextKey<Identity>("identity");

/** The scopes of an access token: `scope` (RFC 9068), or `scp`, as some issuers name it. */
export function standardScopes({ scope, scp }: Readonly<Record<string, unknown>>): readonly string[] {
  return [...new Set([...words(scope), ...words(scp)])];
}

/** The words of a list in JSON, or between spaces. Empty for any other value. */
export function words(value: unknown): readonly string[] {
  if (typeof value === "string") return value.split(" ").filter((word) => word !== "");
  return Array.isArray(value) ? value.filter((word) => typeof word === "string") : [];
}

/** Freezes a value of JSON with all that is in it. Calls share it. */
export function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const part of Object.values(value)) frozen(part);
    Object.freeze(value);
  }
  return value;
}
