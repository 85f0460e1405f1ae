// JSON Web Tokens (RFC 7519) as bearer tokens (RFC 6750) in the metadata `authorization`.
import type { ContextKey, Metadata, ServerCall } from "@grpc-study/rpc";
import { checkFunction, checkOptions, type Names, wrongType } from "@grpc-study/rpc/checks";
import { createLocalJWKSet, type JSONWebKeySet } from "jose";
import { endAtExpiry } from "./end-at-expiry.ts";
import { unauthenticated } from "./errors.ts";
import type { Identity } from "./identity.ts";
import { authentication } from "./interceptor.ts";
import { fetchJson } from "./keys/fetch-json.ts";
import { candidates, FixedKeys, type KeySource } from "./keys/key-source.ts";
import { checkUrl, type RemoteKeysOptions, remoteNames, remoteSettings, shownUrl } from "./keys/options.ts";
import { RemoteKeys } from "./keys/remote-keys.ts";
import { type Expected, expectedOf, type TokenInterceptor, type TokenOptions, tokenNames } from "./token-options.ts";
import { TokenVerifier } from "./token-verifier.ts";

/** Options of `jwt()`. */
export interface JwtOptions<User = never> extends TokenOptions<User>, RemoteKeysOptions {
  /** The issuer, exactly as in the claim `iss`. */
  readonly issuer: string;
  /**
   * The public keys of the issuer: the URL of its JSON Web Key Set (RFC 7517), or the set itself.
   * Required, unless there is a `secret`.
   */
  readonly jwks?: string | URL | JSONWebKeySet | undefined;
  /**
   * A secret that the issuer and this server share, for HS256, HS384 or HS512: at least 32, 48 or 64
   * bytes. Whoever has it can sign tokens, so prefer `jwks`.
   */
  readonly secret?: string | Uint8Array | undefined;
}

/** Options of `oidc()`. */
export interface OidcOptions<User = never> extends TokenOptions<User>, RemoteKeysOptions {
  /**
   * The URL of the issuer, exactly as in the claim `iss`. Its configuration is at
   * `/.well-known/openid-configuration` below it.
   */
  readonly issuer: string;
}

const oidcNames: Names<OidcOptions> = { ...tokenNames, ...remoteNames, issuer: true };
const jwtNames: Names<JwtOptions> = { ...oidcNames, jwks: true, secret: true };

/**
 * Returns a server interceptor that verifies JSON Web Tokens. Each call, of any kind, must have
 * `authorization: Bearer TOKEN` in its metadata. It runs when the header arrives, before any request
 * message is read. Handlers find the caller under `identity`.
 *
 * A token must have the claims `exp` and `sub`. A missing, wrong or expired token is
 * UNAUTHENTICATED, and `google.rpc.ErrorInfo` has the reason. UNAVAILABLE means that the keys have
 * never been loaded, or not for `staleS`.
 *
 * @example
 * createServer({
 *   interceptors: [jwt({ issuer: "https://login.example", audience: "shop", jwks: "https://login.example/jwks.json" })],
 * });
 *
 * @throws TypeError or RangeError if an option is unknown or invalid.
 */
export function jwt<User = never>(options: JwtOptions<User>): TokenInterceptor {
  checkOptions("jwt()", options, jwtNames);
  const { issuer, jwks, secret } = options;
  if ((jwks === undefined) === (secret === undefined)) throw new TypeError("jwt() takes either jwks or secret");
  const expected = expectedOf(issuer, options, secret !== undefined);
  if (secret !== undefined) checkNotRemote(options, "jwt() has a secret");
  return tokens(secret === undefined ? keysOf(jwks, options) : secretKey(secret, expected), expected, options);
}

/**
 * Returns the same interceptor as `jwt()` for an issuer of OpenID Connect. It finds the keys of the
 * issuer by discovery (OpenID Connect Discovery 1.0).
 *
 * @example
 * createServer({ interceptors: [oidc({ issuer: "https://login.example/realms/shop", audience: "shop" })] });
 *
 * @throws TypeError or RangeError if an option is unknown or invalid.
 */
export function oidc<User = never>(options: OidcOptions<User>): TokenInterceptor {
  checkOptions("oidc()", options, oidcNames);
  const expected = expectedOf(options.issuer, options, false);
  const settings = remoteSettings(options);
  const base = checkUrl("issuer", options.issuer, settings);
  // OpenID Connect Discovery 1.0, section 2.
  if (base.search !== "" || base.hash !== "")
    throw new TypeError(`issuer must be a URL without a query and a fragment, got ${shownUrl(base)}`);
  const configuration = new URL(`${base.href.replace(/\/$/, "")}/.well-known/openid-configuration`);
  const load = async () => {
    const { issuer, jwks_uri } = await fetchJson(configuration, settings);
    if (issuer !== options.issuer) throw new Error(`${configuration.href} names another issuer: ${JSON.stringify(issuer)}`);
    return (await fetchJson(checkUrl(`jwks_uri of ${configuration.href}`, jwks_uri, settings), settings)) as unknown as JSONWebKeySet;
  };
  return tokens(new RemoteKeys(load, settings), expected, options);
}

function keysOf(jwks: unknown, options: RemoteKeysOptions): KeySource {
  if (typeof jwks === "string" || jwks instanceof URL) {
    const settings = remoteSettings(options);
    const url = checkUrl("jwks", jwks, settings);
    return new RemoteKeys(async () => (await fetchJson(url, settings)) as unknown as JSONWebKeySet, settings);
  }
  const { keys } = (jwks ?? {}) as Partial<JSONWebKeySet>;
  if (!Array.isArray(keys) || keys.length === 0) throw wrongType("jwks", "a URL, or an object with at least one of `keys`", jwks);
  checkNotRemote(options, "jwks is a set of keys");
  const find = createLocalJWKSet(jwks as JSONWebKeySet);
  return new FixedKeys((header) => candidates(find, header));
}

/** @throws TypeError for an option that has no effect. */
function checkNotRemote(options: object, reason: string): void {
  for (const name of Object.keys(remoteNames)) {
    if (name in options) throw new TypeError(`${name} is an option for a URL in jwks, and ${reason}`);
  }
}

/** RFC 7518, section 3.2: the secret is at least as long as the hash. */
function secretKey(secret: unknown, { algorithms }: Expected): KeySource {
  const bytes = typeof secret === "string" ? Buffer.from(secret) : secret;
  const least = Math.max(...algorithms.map((algorithm) => Number(algorithm.slice(2)) / 8));
  // The message omits the value, which is a secret.
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`secret must be a string or bytes, got a value of type ${typeof secret}`);
  if (bytes.length < least) throw new RangeError(`secret must have at least ${least} bytes, got ${bytes.length}`);
  return new FixedKeys(async () => [bytes]);
}

function tokens<User>(keys: KeySource, expected: Expected, options: TokenOptions<User>): TokenInterceptor {
  const { key, identify, scopesOf, cacheSize = 1000 } = options;
  if ((key === undefined) !== (identify === undefined)) throw new TypeError("key and identify belong together: set both, or none");
  if (identify !== undefined) checkFunction("identify", identify);
  if (key !== undefined && typeof key?.name !== "string") throw wrongType("key", "made by createContextKey()", key);
  if (!(Number.isInteger(cacheSize) && cacheSize >= 0)) throw wrongType("cacheSize", "an integer of at least 0", cacheSize);
  const verifier = new TokenVerifier(keys, expected, scopesOf, cacheSize);
  const interceptor = authentication(options, {
    name: "bearer token",
    read: bearerToken,
    verify: (token) => verifier.verify(token),
    accept(identity: Identity, call) {
      if (options.endAtExpiry === true) endAtExpiry(identity, call, expected.clockTolerance);
      return key === undefined || identify === undefined ? undefined : setUser(key, identify, identity, call);
    },
  });
  return Object.assign(interceptor, { ready: () => keys.ready() });
}

async function setUser<User>(
  key: ContextKey<User>,
  identify: NonNullable<TokenOptions<User>["identify"]>,
  identity: Identity,
  call: ServerCall,
): Promise<void> {
  call.values.set(key, await identify(identity, call));
}

/** The token of `authorization: Bearer TOKEN` (RFC 6750, section 2.1). Another scheme is no token. */
function bearerToken(metadata: Metadata): string | undefined {
  const values = metadata.getAll("authorization");
  const [value] = values;
  if (value === undefined || (values.length === 1 && !/^Bearer\b/i.test(value))) return undefined;
  const token = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(value)?.[1];
  if (values.length === 1 && token !== undefined) return token;
  throw unauthenticated("TOKEN_INVALID", "`authorization` must be `Bearer` and a token, once");
}
