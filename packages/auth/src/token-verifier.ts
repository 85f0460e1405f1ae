// Verifies tokens.
import { errors, type JWSHeaderParameters, type JWTPayload, jwtVerify } from "jose";
import { keysUnavailable, unauthenticated } from "./errors.ts";
import { frozen, type Identity, standardScopes, words } from "./identity.ts";
import type { KeySource, VerificationKey } from "./keys/key-source.ts";
import { KeysUnavailable } from "./keys/remote-keys.ts";
import type { Expected } from "./token-options.ts";
import { VerifiedTokens } from "./verified-tokens.ts";

/** The latest time of a Date. */
const latestMs = 8.64e15;

type ScopesOf = (claims: Readonly<Record<string, unknown>>) => unknown;

export class TokenVerifier {
  readonly #keys: KeySource;
  readonly #expected: Expected;
  readonly #scopesOf: ScopesOf;
  readonly #verified: VerifiedTokens;

  constructor(keys: KeySource, expected: Expected, scopesOf: ScopesOf = standardScopes, cacheSize = 1000) {
    this.#keys = keys;
    this.#expected = expected;
    this.#scopesOf = scopesOf;
    this.#verified = new VerifiedTokens(cacheSize);
  }

  /**
   * Returns the identity at once if the token has been verified before.
   *
   * @throws RpcError: UNAUTHENTICATED, or UNAVAILABLE if there are no keys.
   */
  verify(token: string): Identity | Promise<Identity> {
    const loading = this.#keys.check();
    const known = loading === undefined ? this.#verified.get(token, this.#keys.generation) : undefined;
    return known ?? this.#verify(token, loading);
  }

  async #verify(token: string, loading: Promise<void> | undefined): Promise<Identity> {
    try {
      await loading;
      return this.#verified.get(token, this.#keys.generation) ?? (await this.#read(token));
    } catch (error) {
      throw rejection(error);
    }
  }

  async #read(token: string): Promise<Identity> {
    // Read before: keys that change meanwhile may no longer verify the token.
    const { generation } = this.#keys;
    const claims = await this.#claims(token);
    const { sub, exp, iat } = claims as { sub: unknown; exp: number; iat: number };
    if (typeof sub !== "string" || sub === "") throw new errors.JWTInvalid("the claim sub is not a string, or empty");
    const { maxTokenAge = Number.POSITIVE_INFINITY, clockTolerance } = this.#expected;
    const identity = frozen<Identity>({
      subject: sub,
      scopes: [...words(this.#scopesOf(claims))],
      claims,
      expiresAt: new Date(Math.min(exp * 1000, latestMs)),
    });
    const ageEnds = maxTokenAge === Number.POSITIVE_INFINITY ? maxTokenAge : iat + maxTokenAge;
    this.#verified.set(token, { identity, generation, untilMs: 1000 * (Math.min(exp, ageEnds) + clockTolerance) });
    return identity;
  }

  async #claims(token: string): Promise<JWTPayload> {
    let rest: readonly VerificationKey[] = [];
    const { payload } = await jwtVerify(
      token,
      async (header: JWSHeaderParameters) => {
        const [first, ...others] = await this.#keys.find(header);
        if (first === undefined) throw new errors.JWKSNoMatchingKey();
        rest = others;
        return first;
      },
      this.#expected,
    ).catch(async (error: unknown) => {
      for (const key of rest) {
        if (!dueToKey(error)) break;
        try {
          return await jwtVerify(token, key, this.#expected);
        } catch (next) {
          error = next;
        }
      }
      throw error instanceof errors.JOSEError || error instanceof KeysUnavailable
        ? error
        : new errors.JWSInvalid("the key cannot verify the token", { cause: error });
    });
    return payload;
  }
}

/** Whether another key may verify the token. An error that is not one of jose is due to a key that it cannot use. */
function dueToKey(error: unknown): boolean {
  return error instanceof errors.JWSSignatureVerificationFailed || !(error instanceof errors.JOSEError);
}

/** The caller learns that a token has expired, which only the holder of a genuine token can know. */
function rejection(error: unknown): unknown {
  if (error instanceof KeysUnavailable) return keysUnavailable(error);
  if (error instanceof errors.JWTExpired) return unauthenticated("TOKEN_EXPIRED", "the bearer token has expired", error);
  if (error instanceof errors.JOSEError) {
    return unauthenticated("TOKEN_INVALID", "the bearer token is not valid", error);
  }
  return error;
}
