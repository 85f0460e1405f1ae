// Tokens: which are accepted, and what the caller of a rejected one learns.
import { generateKeyPairSync } from "node:crypto";
import {
  Code,
  ContextValues,
  createClient,
  createContextKey,
  createServer,
  Metadata,
  RpcError,
  type ServerInterceptor,
} from "@grpc-study/rpc";
import { Health } from "@grpc-study/rpc/health";
import { ServerReflection } from "@grpc-study/rpc/reflection";
import { SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, test, vi } from "vitest";
import { createKey, inSeconds, startIssuer } from "../test/issuer.ts";
import { everyWay, failureOf, kinds, outcome, start, transports, UserService, withToken } from "../test/service.ts";
import { type Identity, identity, type JwtOptions, jwt, oidc } from "./index.ts";

const invalid = "UNAUTHENTICATED: the bearer token is not valid (TOKEN_INVALID)";
const expired = "UNAUTHENTICATED: the bearer token has expired (TOKEN_EXPIRED)";
const missing = "UNAUTHENTICATED: the call has no bearer token (CREDENTIALS_MISSING)";
const malformed = "UNAUTHENTICATED: `authorization` must be `Bearer` and a token, once (TOKEN_INVALID)";

describe.each(everyWay)("$transport, $kind", ({ transport, kind }) => {
  test("the handler finds the caller of a valid token", async () => {
    const issuer = await startIssuer();
    const see = vi.fn(({ values }) => values.require(identity));
    const { client } = await start([jwt({ issuer: issuer.url, audience: "shop", jwks: issuer.jwks })], { transport, see });
    const exp = inSeconds(60);
    await kinds[kind](client, withToken(await issuer.token({ scope: "a b", exp, roles: ["x"] })));
    const caller = see.mock.results[0]?.value as Identity;
    expect(caller).toMatchObject({ subject: "mei", scopes: ["a", "b"], claims: { iss: issuer.url, roles: ["x"] } });
    expect(caller.expiresAt).toEqual(new Date(exp * 1000));
    expect([caller, caller.scopes, caller.claims, caller.claims["roles"]].every(Object.isFrozen)).toBe(true);
  });

  test("without a valid token, the call is UNAUTHENTICATED and the handler does not run", async () => {
    const issuer = await startIssuer();
    const see = vi.fn();
    const { client } = await start([oidc({ issuer: issuer.url, audience: "shop" })], { transport, see });
    expect(await outcome(kinds[kind](client))).toBe(missing);
    expect(await outcome(kinds[kind](client, withToken("x.y.z")))).toBe(invalid);
    expect(see).not.toHaveBeenCalled();
  });
});

describe("a token", () => {
  type Make = (issuer: Awaited<ReturnType<typeof startIssuer>>) => Promise<string> | string;
  const cases: Readonly<Record<string, readonly [Make, expected: string, options?: Partial<JwtOptions>]>> = {
    valid: [(issuer) => issuer.token(), "OK"],
    "for one of several audiences": [(issuer) => issuer.token({ aud: ["other", "shop"] }), "OK"],
    "for another audience": [(issuer) => issuer.token({ aud: "other" }), invalid],
    "without an audience": [(issuer) => issuer.token({ aud: undefined as never }), invalid],
    "without an audience that needs none": [(issuer) => issuer.token({ aud: undefined as never }), "OK", { audience: false }],
    "for another audience, with several accepted": [(issuer) => issuer.token({ aud: "b" }), "OK", { audience: ["a", "b"] }],
    "of another issuer": [(issuer) => issuer.token({ iss: "https://evil.example" }), invalid],
    "of an issuer with a slash": [(issuer) => issuer.token({ iss: `${issuer.url}/` }), invalid],
    "without an issuer": [(issuer) => issuer.token({ iss: undefined as never }), invalid],
    expired: [(issuer) => issuer.token({ exp: inSeconds(-6) }), expired],
    "expired within the tolerance": [(issuer) => issuer.token({ exp: inSeconds(-1) }), "OK"],
    "expired, without tolerance": [(issuer) => issuer.token({ exp: inSeconds(-1) }), expired, { clockToleranceS: 0 }],
    "without an expiry": [(issuer) => issuer.token({ exp: undefined as never }), invalid],
    "without a subject": [(issuer) => issuer.token({ sub: undefined as never }), invalid],
    "with a subject that is a number": [(issuer) => issuer.token({ sub: 5 as never }), invalid],
    "not valid yet": [(issuer) => issuer.token({ nbf: inSeconds(30) }), invalid],
    "not valid yet, within the tolerance": [(issuer) => issuer.token({ nbf: inSeconds(3) }), "OK"],
    "too old": [(issuer) => issuer.token({ iat: inSeconds(-90) }), expired, { maxTokenAgeS: 60 }],
    "young enough": [(issuer) => issuer.token({ iat: inSeconds(-30) }), "OK", { maxTokenAgeS: 60 }],
    "of the wrong type": [(issuer) => issuer.token({}, undefined, { typ: "JWT" }), invalid, { typ: "at+jwt" }],
    "of the right type": [(issuer) => issuer.token({}, undefined, { typ: "at+jwt" }), "OK", { typ: "at+jwt" }],
    "with an algorithm that is not allowed": [(issuer) => issuer.token(), invalid, { algorithms: ["RS256"] }],
    "signed by another key with the same id": [async (issuer) => issuer.token({}, await createKey("key 0")), invalid],
    "signed by an unknown key": [async (issuer) => issuer.token({}, await createKey("unknown")), invalid],
    "with a changed payload": [
      async (issuer) => {
        const [header, , signature] = (await issuer.token()).split(".");
        const claims = { iss: issuer.url, aud: "shop", sub: "root", exp: inSeconds(60) };
        return [header, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature].join(".");
      },
      invalid,
    ],
    "without a signature": [
      (issuer) => new UnsecuredJWT({ aud: "shop", sub: "mei", exp: inSeconds(60) }).setIssuer(issuer.url).encode(),
      invalid,
    ],
    "signed by HMAC with the public key": [
      (issuer) =>
        new SignJWT({ iss: issuer.url, aud: "shop", sub: "mei", exp: inSeconds(60) })
          .setProtectedHeader({ alg: "HS256", kid: "key 0" })
          .sign(Buffer.from(JSON.stringify(issuer.keys[0]?.publicJwk))),
      invalid,
    ],
    "with a critical header": [(issuer) => issuer.token({}, undefined, { b64: true, crit: ["b64"] }), "OK"],
    "with a key in its header": [
      async (issuer) => {
        const evil = await createKey("evil");
        return issuer.token({}, evil, { jwk: evil.publicJwk, jku: `${issuer.url}/evil.json` });
      },
      invalid,
    ],
    "that is not a token": [() => "hello", invalid],
    "that is longer than usual": [(issuer) => issuer.token({ groups: Array.from({ length: 500 }, (_, i) => `group-${i}`) }), "OK"],
  };

  test.each(Object.entries(cases))("%s", async (_, [make, expected, options = {}]) => {
    const issuer = await startIssuer();
    const onError = vi.fn();
    const interceptor = jwt({ issuer: issuer.url, audience: "shop", jwks: issuer.jwks, ...options });
    const { client } = await start([interceptor], { transport: "in process", options: { onError } });
    const token = await make(issuer);
    expect(await outcome(client.getUserScore({}, withToken(token)))).toBe(expected);
    // The second time, the token may be in the cache.
    expect(await outcome(client.getUserScore({}, withToken(token)))).toBe(expected);
    expect(onError).not.toHaveBeenCalled();
  });

  test.each(["RS256", "PS384", "ES256", "ES512", "EdDSA"])("signed with %s is accepted by default", async (alg) => {
    const issuer = await startIssuer(alg);
    const { client } = await start([jwt({ issuer: issuer.url, audience: "shop", jwks: issuer.jwks })], { transport: "in process" });
    expect(await outcome(client.getUserScore({}, withToken(await issuer.token())))).toBe("OK");
  });

  test("that expires is rejected at once, also from the cache", async () => {
    const issuer = await startIssuer();
    const interceptor = jwt({ issuer: issuer.url, audience: "shop", jwks: issuer.jwks, clockToleranceS: 0 });
    const { client } = await start([interceptor], { transport: "in process" });
    const token = await issuer.token({ exp: inSeconds(3) });
    expect(await outcome(client.getUserScore({}, withToken(token)))).toBe("OK");
    await new Promise((resolve) => setTimeout(resolve, 3_050));
    expect(await outcome(client.getUserScore({}, withToken(token)))).toBe(expired);
  });

  test("that becomes too old is rejected at once, also from the cache", async () => {
    const issuer = await startIssuer();
    const interceptor = jwt({ issuer: issuer.url, audience: "shop", jwks: issuer.jwks, clockToleranceS: 0, maxTokenAgeS: 3 });
    const { client } = await start([interceptor], { transport: "in process" });
    const token = await issuer.token({ iat: inSeconds(0) });
    expect(await outcome(client.getUserScore({}, withToken(token)))).toBe("OK");
    await new Promise((resolve) => setTimeout(resolve, 4_050));
    expect(await outcome(client.getUserScore({}, withToken(token)))).toBe(expired);
  });

  test.each([
    [undefined, 3],
    [2, 5],
    [0, 6],
  ])("with cacheSize %j, three tokens in two rounds cause %i verifications", async (cacheSize, expected) => {
    const issuer = await startIssuer();
    const interceptor = jwt({ issuer: issuer.url, audience: "shop", jwks: issuer.jwks, cacheSize });
    const { client } = await start([interceptor], { transport: "in process" });
    const tokens = await Promise.all(["a", "b", "c"].map((sub) => issuer.token({ sub })));
    const [a, b, c] = tokens.map(withToken);
    const verify = vi.spyOn(crypto.subtle, "verify");
    // In this order, two places are enough for one of the repetitions.
    for (const options of [a, b, c, c, a, b]) await client.getUserScore({}, options);
    expect(verify).toHaveBeenCalledTimes(expected);
    verify.mockRestore();
  });

  test("without the id of its key is tried with each key of its algorithm", async () => {
    const issuer = await startIssuer("ES256", "RS256", "ES256");
    const interceptor = jwt({ issuer: issuer.url, audience: "shop", jwks: issuer.jwks });
    const { client } = await start([interceptor], { transport: "in process" });
    for (const key of issuer.keys) {
      expect(await outcome(client.getUserScore({}, withToken(await issuer.token({}, key, { kid: undefined }))))).toBe("OK");
      expect(await outcome(client.getUserScore({}, withToken(await issuer.token({ aud: "x" }, key, { kid: undefined }))))).toBe(invalid);
    }
    const foreign = await issuer.token({}, await createKey("x"), { kid: undefined });
    expect(await outcome(client.getUserScore({}, withToken(foreign)))).toBe(invalid);
  });
});

test.each<[string, string, string]>([
  ["no scheme", "abc", missing],
  ["another scheme", "Basic abc", missing],
  ["the scheme alone", "Bearer", malformed],
  ["two tokens", "Bearer a b", malformed],
  ["characters that no token has", "Bearer a,b", malformed],
  ["what a proxy makes of two tokens", "Bearer a, Bearer b", malformed],
])("`authorization` with %s is rejected", async (_, authorization, expected) => {
  const issuer = await startIssuer();
  const { client } = await start([jwt({ issuer: issuer.url, audience: "shop", jwks: issuer.jwks })]);
  expect(await outcome(client.getUserScore({}, { metadata: { authorization } }))).toBe(expected);
});

test.each([[["Bearer a", "Bearer b"]], [["Basic a", "Bearer b"]]])(
  "several values of `authorization` are rejected: %j",
  async (authorization) => {
    const interceptor = jwt({ issuer: "me", audience: "shop", secret: "0123456789abcdef0123456789abcdef" });
    const call = { method: UserService.method.getUserScore, metadata: new Metadata({ authorization }), values: new ContextValues() };
    expect(await outcome((async () => interceptor(call as never, vi.fn()))())).toBe(malformed);
  },
);

test.each(["bearer", "BEARER", "Bearer  "])("the scheme may be written %j", async (scheme) => {
  const issuer = await startIssuer();
  const { client } = await start([jwt({ issuer: issuer.url, audience: "shop", jwks: issuer.jwks })]);
  expect(await outcome(client.getUserScore({}, { metadata: { authorization: `${scheme} ${await issuer.token()}` } }))).toBe("OK");
});

test("the cause of a rejection stays in the process, where an outer interceptor can log it", async () => {
  const issuer = await startIssuer();
  const causes: unknown[] = [];
  const logging: ServerInterceptor = (call, next) => {
    call.onEnd((error) => causes.push(error?.cause));
    return next();
  };
  const { client } = await start([logging, jwt({ issuer: issuer.url, audience: "shop", jwks: issuer.jwks })]);
  const error = await failureOf(client.getUserScore({}, withToken(await issuer.token({ aud: "secret-audience" }))));
  expect(causes).toMatchObject([{ message: 'unexpected "aud" claim value' }]);
  expect(JSON.stringify([String(error), error.details, [...error.metadata]])).not.toContain("audience");
});

describe("methods that need no token", () => {
  const open = async (options: object) => {
    const issuer = await startIssuer();
    const { channel, client } = await start([jwt({ issuer: issuer.url, audience: "shop", jwks: issuer.jwks, ...options })], {
      options: { reflection: true },
    });
    const list = createClient(ServerReflection, channel).serverReflectionInfo([{ messageRequest: { case: "listServices", value: "" } }]);
    return {
      health: await outcome(createClient(Health, channel).check({})),
      reflection: await outcome(Array.fromAsync(list)),
      unary: await outcome(client.getUserScore({})),
      stream: await outcome(Array.fromAsync(client.getUserScoreByServerStream({}))),
    };
  };

  test.each<[string, object, object]>([
    ["by default, health and reflection", {}, { health: "OK", reflection: "OK", unary: missing, stream: missing }],
    ["none", { health: true, reflection: true }, { health: missing, reflection: missing, unary: missing, stream: missing }],
    ["a service", { except: [UserService] }, { health: "OK", reflection: "OK", unary: "OK", stream: "OK" }],
    ["a service by its name", { except: [UserService.typeName] }, { health: "OK", reflection: "OK", unary: "OK", stream: "OK" }],
    ["a method", { except: [UserService.method.getUserScore] }, { health: "OK", reflection: "OK", unary: "OK", stream: missing }],
    [
      "a method by its path",
      { except: ["/services.UserService/GetUserScore"] },
      { health: "OK", reflection: "OK", unary: "OK", stream: missing },
    ],
  ])("%s", async (_, options, expected) => {
    expect(await open(options)).toEqual(expected);
  });
});

test("with `optional`, a call without a token has no identity, and a wrong token is rejected", async () => {
  const issuer = await startIssuer();
  const seen: (string | undefined)[] = [];
  const interceptor = jwt({ issuer: issuer.url, audience: "shop", jwks: issuer.jwks, optional: true });
  const { client } = await start([interceptor], { see: ({ values }) => seen.push(values.get(identity)?.subject) });
  await client.getUserScore({});
  await client.getUserScore({}, withToken(await issuer.token()));
  expect(await outcome(client.getUserScore({}, withToken("wrong")))).toBe(invalid);
  expect(seen).toEqual([undefined, "mei"]);
});

describe("identify()", () => {
  const user = createContextKey<{ name: string }>("user");

  test("gives handlers a value of its own, beside the identity", async () => {
    const issuer = await startIssuer();
    const seen: unknown[] = [];
    const interceptor = jwt({
      issuer: issuer.url,
      audience: "shop",
      jwks: issuer.jwks,
      key: user,
      identify: async ({ subject, claims }, { peer }) => ({ name: `${subject} of ${claims["tenant"]} at ${peer}` }),
    });
    const { client } = await start([interceptor], {
      transport: "in process",
      see: ({ values }) => seen.push(values.require(user).name, values.require(identity).subject),
    });
    await client.getUserScore({}, withToken(await issuer.token({ tenant: "blue" })));
    expect(seen).toEqual(["mei of blue at in-process", "mei"]);
  });

  test("rejects a call with its RpcError; another error is INTERNAL", async () => {
    const issuer = await startIssuer();
    const onError = vi.fn();
    const identify = vi.fn<() => { name: string }>();
    const interceptor = jwt({ issuer: issuer.url, audience: "shop", jwks: issuer.jwks, key: user, identify });
    const { client } = await start([interceptor], { options: { onError } });
    identify.mockImplementationOnce(() => {
      throw new RpcError(Code.PERMISSION_DENIED, "mei is blocked");
    });
    expect(await outcome(client.getUserScore({}, withToken(await issuer.token())))).toBe("PERMISSION_DENIED: mei is blocked");
    identify.mockImplementationOnce(() => {
      throw new TypeError("the database is down");
    });
    expect(await outcome(client.getUserScore({}, withToken(await issuer.token())))).toBe("INTERNAL: internal error");
    expect(onError).toHaveBeenCalledTimes(1);
  });
});

test.each<[string, object, readonly string[]]>([
  ["scope", { scope: "a  b a" }, ["a", "b"]],
  ["scp as text", { scp: "a b" }, ["a", "b"]],
  ["scp as a list", { scp: ["a", "b", 5] }, ["a", "b"]],
  ["both", { scope: "a", scp: ["b"] }, ["a", "b"]],
  ["neither", {}, []],
  ["something else", { scope: { a: 1 } }, []],
])("the scopes are in %s", async (_, claims, expected) => {
  const issuer = await startIssuer();
  const seen: unknown[] = [];
  const { client } = await start([jwt({ issuer: issuer.url, audience: "shop", jwks: issuer.jwks })], {
    see: ({ values }) => seen.push(values.require(identity).scopes),
  });
  await client.getUserScore({}, withToken(await issuer.token(claims as never)));
  expect(seen).toEqual([expected]);
});

test.each<[unknown, readonly string[]]>([
  [
    ["admin", 5, "a b"],
    ["admin", "a b"],
  ],
  ["admin user", ["admin", "user"]],
  [undefined, []],
  [null, []],
  [{ admin: true }, []],
])("scopesOf() reads the scopes from another claim: %j", async (roles, expected) => {
  const issuer = await startIssuer();
  const seen: unknown[] = [];
  const { client } = await start([jwt({ issuer: issuer.url, audience: "shop", jwks: issuer.jwks, scopesOf: ({ roles }) => roles })], {
    see: ({ values }) => seen.push(values.require(identity).scopes),
  });
  await client.getUserScore({}, withToken(await issuer.token({ roles })));
  expect(seen).toEqual([expected]);
});

describe("keys that are given", () => {
  const claims = { iss: "me", aud: "shop", sub: "mei", exp: inSeconds(60) };

  test("a set of keys needs no request, and may come from PEM", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const interceptor = jwt({ issuer: "me", audience: "shop", jwks: { keys: [publicKey.export({ format: "jwk" }) as never] } });
    const { client } = await start([interceptor]);
    const token = await new SignJWT(claims).setProtectedHeader({ alg: "ES256" }).sign(privateKey);
    expect(await outcome(client.getUserScore({}, withToken(token)))).toBe("OK");
    await interceptor.ready();
  });

  test("a secret verifies HS256, and no signature of a key pair", async () => {
    const secret = "0123456789abcdef0123456789abcdef";
    const { client } = await start([jwt({ issuer: "me", audience: "shop", secret })]);
    const sign = (key: string, alg = "HS256") => new SignJWT(claims).setProtectedHeader({ alg }).sign(Buffer.from(key));
    expect(await outcome(client.getUserScore({}, withToken(await sign(secret))))).toBe("OK");
    expect(await outcome(client.getUserScore({}, withToken(await sign(secret.replace("0", "1")))))).toBe(invalid);
    expect(await outcome(client.getUserScore({}, withToken(await sign(secret.repeat(2), "HS512"))))).toBe(invalid);
    expect(await outcome(client.getUserScore({}, withToken(await (await createKey("x")).sign(claims))))).toBe(invalid);
  });
});

describe("endAtExpiry", () => {
  const run = async (endAtExpiry: boolean, transport: (typeof transports)[number]) => {
    const issuer = await startIssuer();
    const interceptor = jwt({ issuer: issuer.url, audience: "shop", jwks: issuer.jwks, clockToleranceS: 0, endAtExpiry });
    const { client } = await start([interceptor], {
      transport,
      see: ({ signal }) =>
        new Promise<void>((resolve) => {
          setTimeout(resolve, 4_500);
          signal.addEventListener("abort", () => resolve(), { once: true });
        }),
    });
    const options = withToken(await issuer.token({ exp: inSeconds(3) }));
    return Promise.all([
      outcome(Array.fromAsync(client.getUserScoreByServerStream({}, options))),
      outcome(client.getUserScore({}, options)),
    ]);
  };

  test.each(transports)("%s: a stream ends when its token expires, and a unary call does not", async (transport) => {
    expect(await run(true, transport)).toEqual([expired, "OK"]);
  });

  test("is off by default", async () => {
    expect(await run(false, "http2")).toEqual(["OK", "OK"]);
  });
});

test("a server that only has jwt() loads nothing before the first call", async () => {
  const issuer = await startIssuer();
  const server = createServer({ interceptors: [jwt({ issuer: issuer.url, audience: "shop", jwks: issuer.jwks })] });
  await server.shutdown();
  expect(issuer.requests).toEqual([]);
});
