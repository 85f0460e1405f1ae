// What a token must be like.
import type { Context, ContextKey, ServerInterceptor } from "@grpc-study/rpc";
import { checkBoolean, checkFunction, type Names, wrongType } from "@grpc-study/rpc/checks";
import { checkSeconds, checkText, checkTexts } from "./checks.ts";
import type { Identity } from "./identity.ts";
import { type CredentialOptions, credentialNames } from "./interceptor.ts";

const asymmetric = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"] as const;
const symmetric = ["HS256", "HS384", "HS512"] as const;

/** The algorithms of signatures. Those that begin with HS need a shared secret. */
export type Algorithm = (typeof asymmetric)[number] | (typeof symmetric)[number];

/** What a token must be like, and what becomes of it. */
export interface TokenOptions<User = never> extends CredentialOptions {
  /**
   * The audience that the claim `aud` must contain, usually the name or URL of this service: a token
   * for another service is rejected. With several, one of them. `false` accepts any audience, for
   * issuers whose access tokens have none.
   */
  readonly audience: string | readonly string[] | false;
  /**
   * The algorithms that a signature may have. Default: all that use a key pair, or HS256 with a
   * shared secret.
   */
  readonly algorithms?: readonly Algorithm[] | undefined;
  /** Seconds by which the clocks of the issuer and of this server may differ, at most 3,600. Default: 5. */
  readonly clockToleranceS?: number | undefined;
  /** The maximum age of a token in seconds, since the claim `iat`. Default: none. */
  readonly maxTokenAgeS?: number | undefined;
  /** The type in the header of a token, for example `at+jwt` (RFC 9068). Default: any. */
  readonly typ?: string | undefined;
  /**
   * Returns the scopes from the claims: an array, or words between spaces. A claim that is missing or
   * that has another type is no scope. Default: the claims `scope` and `scp`.
   */
  readonly scopesOf?: ((claims: Readonly<Record<string, unknown>>) => unknown) | undefined;
  /**
   * The key of a value of your own, which `identify` returns. Handlers find it in
   * `context.values`, beside `identity`.
   */
  readonly key?: ContextKey<User> | undefined;
  /**
   * Returns the value for `key`, for example a user from the database. To reject the call, it throws
   * an RpcError.
   */
  readonly identify?: ((identity: Identity, call: Context) => User | Promise<User>) | undefined;
  /**
   * Whether a stream ends with UNAUTHENTICATED when its token expires; unary calls run on. Default:
   * false, as in other implementations of gRPC: a token is checked when the call begins.
   */
  readonly endAtExpiry?: boolean | undefined;
  /** The number of tokens whose signature is not verified again. 0 verifies each. Default: 1,000. */
  readonly cacheSize?: number | undefined;
}

/** An interceptor that verifies tokens. */
export interface TokenInterceptor extends ServerInterceptor {
  /**
   * Loads the keys, so that the first call does not wait. Rejects with an Error that says what is
   * wrong if they cannot be loaded. A program may call it when it starts; it need not.
   */
  ready(): Promise<void>;
}

export const tokenNames: Names<TokenOptions> = {
  ...credentialNames,
  audience: true,
  algorithms: true,
  clockToleranceS: true,
  maxTokenAgeS: true,
  typ: true,
  scopesOf: true,
  key: true,
  identify: true,
  endAtExpiry: true,
  cacheSize: true,
};

/** What `jwtVerify()` of jose needs. */
export interface Expected {
  readonly issuer: string;
  readonly audience?: string | string[];
  readonly algorithms: string[];
  readonly clockTolerance: number;
  readonly maxTokenAge?: number;
  readonly typ?: string;
  readonly requiredClaims: string[];
}

/** @throws TypeError, RangeError */
export function expectedOf<User>(issuer: unknown, options: TokenOptions<User>, secret: boolean): Expected {
  const { audience, clockToleranceS = 5, maxTokenAgeS, typ, scopesOf, endAtExpiry = false } = options;
  if (audience === undefined) throw wrongType("audience", "a string, an array of strings, or false", audience);
  if (scopesOf !== undefined) checkFunction("scopesOf", scopesOf);
  checkBoolean("endAtExpiry", endAtExpiry);
  return {
    issuer: checkText("issuer", issuer),
    ...(audience === false
      ? {}
      : { audience: typeof audience === "string" ? checkText("audience", audience) : [...checkTexts("audience", audience)] }),
    algorithms: algorithmsOf(options.algorithms, secret),
    clockTolerance: checkSeconds("clockToleranceS", clockToleranceS, 0, 3600),
    ...(maxTokenAgeS === undefined ? {} : { maxTokenAge: checkSeconds("maxTokenAgeS", maxTokenAgeS, 1) }),
    ...(typ === undefined ? {} : { typ: checkText("typ", typ) }),
    requiredClaims: ["exp", "sub"],
  };
}

/** A public key must never verify an HMAC, so the two groups do not mix. */
function algorithmsOf(algorithms: unknown, secret: boolean): string[] {
  const allowed: readonly string[] = secret ? symmetric : asymmetric;
  if (algorithms === undefined) return secret ? ["HS256"] : [...asymmetric];
  return checkTexts("algorithms", algorithms).map((algorithm, index) => {
    if (allowed.includes(algorithm)) return algorithm;
    throw new TypeError(`algorithms[${index}] must be one of ${allowed.join(", ")}, got "${algorithm}"`);
  });
}
