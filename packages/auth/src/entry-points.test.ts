// Each public function rejects wrong options with an error that names the option and the value.
import { createContextKey } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import * as index from "./index.ts";
import { apiKeys, bearer, type JwtOptions, jwt, type OidcOptions, oidc, scopes } from "./index.ts";

const https = { issuer: "https://login.example", audience: "shop" };
const withJwt = (options: object) => () => jwt({ ...https, jwks: "https://login.example/jwks", ...options } as JwtOptions);
const withSecret = (options: object) => () => jwt({ ...https, secret: "0123456789abcdef0123456789abcdef", ...options } as JwtOptions);
const withSet = (options: object) => () => jwt({ ...https, jwks: { keys: [{ kty: "RSA" }] }, ...options } as JwtOptions);
const withOidc = (options: object) => () => oidc({ ...https, ...options } as OidcOptions);
const withKeys = (options: object) => () => apiKeys({ find: () => undefined, ...options });
const key = createContextKey("user");

const rejected: readonly (readonly [use: () => unknown, type: ErrorConstructor, message: string])[] = [
  [() => jwt(undefined as never), TypeError, "jwt() takes an object of options, got undefined"],
  [withJwt({ isuer: "x" }), TypeError, 'jwt() has no option "isuer"; the options are except, '],
  [withJwt({ issuer: undefined }), TypeError, "issuer must be a string that is not empty, got undefined"],
  [withJwt({ issuer: "" }), TypeError, "issuer must be a string that is not empty, got ''"],
  [withJwt({ audience: undefined }), TypeError, "audience must be a string, an array of strings, or false, got undefined"],
  [withJwt({ audience: "" }), TypeError, "audience must be a string that is not empty, got ''"],
  [withJwt({ audience: [] }), TypeError, "audience must be an array of at least one string, got []"],
  [withJwt({ audience: true }), TypeError, "audience must be an array of at least one string, got true"],
  [withJwt({ audience: ["a", 5] }), TypeError, "audience[1] must be a string that is not empty, got 5"],
  [withJwt({ jwks: undefined }), TypeError, "jwt() takes either jwks or secret"],
  [withJwt({ secret: "0123456789abcdef0123456789abcdef" }), TypeError, "jwt() takes either jwks or secret"],
  [withJwt({ jwks: 5 }), TypeError, "jwks must be a URL, or an object with at least one of `keys`, got 5"],
  [withJwt({ jwks: { keys: [] } }), TypeError, "jwks must be a URL, or an object with at least one of `keys`, got [Object]"],
  [withJwt({ jwks: "login.example" }), TypeError, 'jwks must be a URL, got "login.example"'],
  [
    withJwt({ jwks: "http://login.example/jwks" }),
    TypeError,
    "jwks must be an https: URL, unless allowHttp is true, got http://login.example/jwks",
  ],
  [withJwt({ jwks: new URL("ftp://login.example/") }), TypeError, "jwks must be an https: URL, got ftp://login.example/"],
  [withJwt({ algorithms: [] }), TypeError, "algorithms must be an array of at least one string, got []"],
  [withJwt({ algorithms: ["none"] }), TypeError, "algorithms[0] must be one of RS256, "],
  [withJwt({ algorithms: ["RS256", "HS256"] }), TypeError, "algorithms[1] must be one of RS256, "],
  [withSecret({ algorithms: ["RS256"] }), TypeError, 'algorithms[0] must be one of HS256, HS384, HS512, got "RS256"'],
  [withSecret({ algorithms: ["HS512"] }), RangeError, "secret must have at least 64 bytes, got 32"],
  [withSecret({ secret: "short" }), RangeError, "secret must have at least 32 bytes, got 5"],
  [withSecret({ secret: 5 }), TypeError, "secret must be a string or bytes, got a value of type number"],
  [withSet({ maxAgeS: 5 }), TypeError, "maxAgeS is an option for a URL in jwks, and jwks is a set of keys"],
  [withSecret({ fetch }), TypeError, "fetch is an option for a URL in jwks, and jwt() has a secret"],
  [withJwt({ clockToleranceS: -1 }), RangeError, "clockToleranceS must be at least 0 seconds, got -1"],
  [withJwt({ clockToleranceS: "5" }), TypeError, "clockToleranceS must be a number of seconds, got '5'"],
  [withJwt({ clockToleranceS: Number.NaN }), RangeError, "clockToleranceS must be at least 0 seconds, got NaN"],
  [withJwt({ clockToleranceS: Number.POSITIVE_INFINITY }), RangeError, "clockToleranceS must be at most 3600 seconds, got Infinity"],
  [withJwt({ jwks: "https://me:secret@x/?secret" }), TypeError, "jwks must be a URL without a user and a password, got https://x/: "],
  [withJwt({ jwks: "http://x/?secret" }), TypeError, "jwks must be an https: URL, unless allowHttp is true, got http://x/"],
  [withJwt({ maxTokenAgeS: 0 }), RangeError, "maxTokenAgeS must be at least 1 seconds, got 0"],
  [withJwt({ typ: "" }), TypeError, "typ must be a string that is not empty, got ''"],
  [withJwt({ scopesOf: "roles" }), TypeError, "scopesOf must be a function, got 'roles'"],
  [withJwt({ key }), TypeError, "key and identify belong together: set both, or none"],
  [withJwt({ identify: () => 1 }), TypeError, "key and identify belong together: set both, or none"],
  [withJwt({ key, identify: 5 }), TypeError, "identify must be a function, got 5"],
  [withJwt({ key: "user", identify: () => 1 }), TypeError, "key must be made by createContextKey(), got 'user'"],
  [withJwt({ endAtExpiry: 1 }), TypeError, "endAtExpiry must be true or false, got 1"],
  [withJwt({ cacheSize: -1 }), TypeError, "cacheSize must be an integer of at least 0, got -1"],
  [withJwt({ except: "x" }), TypeError, "except must be an array of services and methods, got 'x'"],
  [withJwt({ except: ["a.B/C"] }), TypeError, "except[0] must be the descriptor or the full name of a service or of a method, got 'a.B/C'"],
  [
    withJwt({ except: [undefined] }),
    TypeError,
    "except[0] must be the descriptor or the full name of a service or of a method, got undefined",
  ],
  [withJwt({ health: 1 }), TypeError, "health must be true or false, got 1"],
  [withJwt({ reflection: null }), TypeError, "reflection must be true or false, got null"],
  [withJwt({ optional: "no" }), TypeError, "optional must be true or false, got 'no'"],
  [withJwt({ maxAgeS: 0 }), RangeError, "maxAgeS must be at least 0.001 seconds, got 0"],
  [withJwt({ cooldownS: -1 }), RangeError, "cooldownS must be at least 0 seconds, got -1"],
  [withJwt({ staleS: "1d" }), TypeError, "staleS must be a number of seconds, got '1d'"],
  [withJwt({ timeoutS: 0 }), RangeError, "timeoutS must be at least 0.001 seconds, got 0"],
  [withJwt({ allowHttp: 1 }), TypeError, "allowHttp must be true or false, got 1"],
  [withJwt({ fetch: 1 }), TypeError, "fetch must be a function, got 1"],
  [withJwt({ onReloadError: 1 }), TypeError, "onReloadError must be a function, got 1"],
  [() => oidc(5 as never), TypeError, "oidc() takes an object of options, got 5"],
  [withOidc({ jwks: "https://x" }), TypeError, 'oidc() has no option "jwks"; the options are '],
  [withOidc({ issuer: "login" }), TypeError, 'issuer must be a URL, got "login"'],
  [withOidc({ issuer: "http://login.example" }), TypeError, "issuer must be an https: URL, unless allowHttp is true"],
  [withOidc({ issuer: "https://x/?a" }), TypeError, "issuer must be a URL without a query and a fragment, got https://x/"],
  [withOidc({ issuer: "https://x/#a" }), TypeError, "issuer must be a URL without a query and a fragment, got https://x/"],
  [() => apiKeys([] as never), TypeError, "apiKeys() takes an object of options, got []"],
  [withKeys({ found: 1 }), TypeError, 'apiKeys() has no option "found"; the options are '],
  [withKeys({ find: new Map() }), TypeError, "find must be a function, got Map(0)"],
  [withKeys({ header: "" }), TypeError, "header must be a string that is not empty, got ''"],
  [withKeys({ header: "X Key" }), TypeError, "header must be a key of metadata, such as x-api-key, got 'X Key'"],
  [withKeys({ header: "x-key-bin" }), TypeError, "header must be a key of metadata, such as x-api-key, got 'x-key-bin'"],
  [() => bearer("token" as never), TypeError, "getToken must be a function, got 'token'"],
  [() => bearer(() => "", { refresh: 5 } as never), TypeError, 'bearer() has no option "refresh"; the options are '],
  [() => bearer(() => "", { refreshBeforeS: -5 }), RangeError, "refreshBeforeS must be at least 0 seconds, got -5"],
  [() => bearer(() => "", { requireTransportSecurity: 0 as never }), TypeError, "requireTransportSecurity must be true or false, got 0"],
  [() => bearer(() => "", { timeoutS: 0 }), RangeError, "timeoutS must be at least 0.001 seconds, got 0"],
  [() => scopes({} as never), TypeError, "the table of scopes() must be an array of rows"],
];

test.each(rejected.map(([use, type, message]) => ({ use, type, message })))("$message", ({ use, type, message }) => {
  const thrown = (() => {
    try {
      return use();
    } catch (error) {
      return error;
    }
  })();
  expect(thrown).toBeInstanceOf(type);
  expect((thrown as Error).message).toContain(message);
  expect((thrown as Error).message).not.toContain("?secret");
});

test("each exported function has a row", () => {
  const functions = Object.entries(index).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));
  // createApiKey() has no parameter.
  expect(functions.sort()).toEqual(["apiKeys", "bearer", "createApiKey", "jwt", "oidc", "scopes"]);
});

test("http: is accepted for loopback, and with allowHttp", () => {
  for (const host of ["localhost:8080", "127.0.0.1", "[::1]:80"]) oidc({ issuer: `http://${host}/x`, audience: "shop" });
  oidc({ issuer: "http://keycloak.svc:8080/realms/shop", audience: "shop", allowHttp: true });
  for (const host of ["127.0.0.1.evil.example", "localhost.evil.example"]) {
    expect(() => oidc({ issuer: `http://${host}/`, audience: "shop" })).toThrow("https:");
  }
});
