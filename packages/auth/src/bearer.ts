// Bearer tokens on the client, refreshed before they expire.
import { Code, detached, type PerRpcCredentials, RpcError } from "@grpc-study/rpc";
import { checkBoolean, checkFunction, checkOptions, type Names, wrongType } from "@grpc-study/rpc/checks";
import { decodeJwt } from "jose";
import { checkSeconds } from "./checks.ts";
import { within } from "./within.ts";

/** A token and when it expires. */
export interface Token {
  readonly token: string;
  /** Default: the claim `exp`, if the token is a JSON Web Token. */
  readonly expiresAt?: Date | undefined;
}

/** Options of `bearer()`. */
export interface BearerOptions {
  /** Seconds before the expiry at which a new token is requested. Default: 30. */
  readonly refreshBeforeS?: number | undefined;
  /**
   * Whether a call over plaintext fails before it sends the token. Calls in process count as secure.
   * Default: true.
   */
  readonly requireTransportSecurity?: boolean | undefined;
  /** Seconds after which a request for a token fails, and its signal aborts. Default: 10. */
  readonly timeoutS?: number | undefined;
}

const names: Names<BearerOptions> = { refreshBeforeS: true, requireTransportSecurity: true, timeoutS: true };

interface Current {
  readonly header: { readonly authorization: string };
  readonly expiresAtMs: number;
}

/** The pause after `getToken` has failed while the last token is still valid. */
const pauseMs = 1_000;

/**
 * Returns credentials for a client that send `authorization: Bearer TOKEN` with every call. All
 * calls share a token until shortly before it expires. If a new one cannot be had, the old one is
 * sent for as long as it is valid. A token whose expiry is unknown is requested for each call.
 *
 * @example
 * createClient(Shop, "shop.example:443", { tls: true, perRpcCredentials: bearer(() => requestToken()) });
 *
 * @param getToken returns a token. Its signal aborts after `timeoutS`. If it throws an RpcError, the
 * call fails with that error, and with UNAUTHENTICATED for any other error.
 * @throws TypeError or RangeError if an argument is wrong.
 */
export function bearer(
  getToken: (signal: AbortSignal) => string | Token | Promise<string | Token>,
  options: BearerOptions = {},
): PerRpcCredentials {
  checkFunction("getToken", getToken);
  checkOptions("bearer()", options, names);
  const { refreshBeforeS = 30, requireTransportSecurity = true, timeoutS = 10 } = options;
  const refreshBeforeMs = 1000 * checkSeconds("refreshBeforeS", refreshBeforeS);
  const timeoutMs = Math.min(1000 * checkSeconds("timeoutS", timeoutS, 0.001), 2 ** 31 - 1);
  let current: Current | undefined;
  let requested: Promise<Current> | undefined;
  let nextAttemptMs = 0;

  const request = () => {
    requested ??= (async () => {
      try {
        // All calls share the token, so the request continues when one of them ends.
        current = read(await detached(() => within(timeoutMs, "token", getToken)));
        return current;
      } catch (error) {
        nextAttemptMs = Date.now() + pauseMs;
        throw error;
      } finally {
        requested = undefined;
      }
    })();
    return requested;
  };

  return {
    requireTransportSecurity: checkBoolean("requireTransportSecurity", requireTransportSecurity),
    async getRequestMetadata() {
      const nowMs = Date.now();
      if (current !== undefined && nowMs < current.expiresAtMs) {
        if (nowMs >= current.expiresAtMs - refreshBeforeMs && nowMs >= nextAttemptMs) request().catch(() => {});
        return current.header;
      }
      return (await request()).header;
    },
  };
}

function read(given: unknown): Current {
  const { token, expiresAt } = (typeof given === "string" ? { token: given } : (given ?? {})) as Partial<Token>;
  // The message omits the value, which is a secret.
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token))
    throw new RpcError(Code.UNAUTHENTICATED, "getToken() must return a token");
  if (expiresAt !== undefined && !(expiresAt instanceof Date)) throw wrongType("expiresAt", "a Date", expiresAt);
  return { header: { authorization: `Bearer ${token}` }, expiresAtMs: expiresAt?.getTime() ?? expiryOf(token) };
}

/** The claim `exp` of a token, in milliseconds since 1970; -Infinity if it is unknown. */
function expiryOf(token: string): number {
  try {
    const { exp } = decodeJwt(token);
    return typeof exp === "number" ? exp * 1000 : Number.NEGATIVE_INFINITY;
  } catch {
    return Number.NEGATIVE_INFINITY;
  }
}
