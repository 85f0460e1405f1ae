// Keys of an issuer that verify no token. Tokens that name them are UNAUTHENTICATED, and the others
// stay valid.
import { generateKeyPairSync } from "node:crypto";
import type { ServerInterceptor } from "@grpc-study/rpc";
import { exportJWK, type JWK } from "jose";
import { expect, test, vi } from "vitest";
import { createKey, startIssuer } from "../test/issuer.ts";
import { outcome, start, withToken } from "../test/service.ts";
import { jwt } from "./index.ts";

const invalid = "UNAUTHENTICATED: the bearer token is not valid (TOKEN_INVALID)";
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const publicJwk = await exportJWK(rsa.publicKey);

const unusable: Readonly<Record<string, JWK>> = {
  "that is too short": await exportJWK(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey),
  "that is private": await exportJWK(rsa.privateKey),
  "that is symmetric": { kty: "oct", k: "A".repeat(43) },
  "without a modulus": { kty: "RSA", e: "AQAB" },
  "with a modulus that is a number": { kty: "RSA", e: "AQAB", n: 5 as never },
  "for encryption": { ...publicJwk, use: "enc" },
  "for another algorithm": { ...publicJwk, alg: "ES256" },
  "for signing": { ...publicJwk, key_ops: ["sign"] },
};

test.each(Object.entries(unusable))("a key %s", async (_, jwk) => {
  const issuer = await startIssuer("RS256");
  const [good] = issuer.keys;
  const jwks = { keys: [{ ...jwk, kid: "unusable" }, { ...good?.publicJwk }] as JWK[] };
  const onError = vi.fn();
  const { client } = await start([jwt({ issuer: issuer.url, audience: "shop", jwks })], { transport: "in process", options: { onError } });
  const key = await createKey("unusable", "RS256");
  expect(await outcome(client.getUserScore({}, withToken(await issuer.token({}, key))))).toBe(invalid);
  expect(await outcome(client.getUserScore({}, withToken(await issuer.token())))).toBe("OK");
  // Without the id of its key, both are tried.
  expect(await outcome(client.getUserScore({}, withToken(await issuer.token({}, good, { kid: undefined }))))).toBe("OK");
  expect(onError).not.toHaveBeenCalled();
});

test("the cause says that the key cannot be used", async () => {
  const issuer = await startIssuer("RS256");
  const jwks = { keys: [{ ...unusable["that is too short"], kid: "key 0" } as JWK] };
  const causes: unknown[] = [];
  const logging: ServerInterceptor = (call, next) => {
    call.onEnd((error) => causes.push(error?.cause));
    return next();
  };
  const { client } = await start([logging, jwt({ issuer: issuer.url, audience: "shop", jwks })]);
  expect(await outcome(client.getUserScore({}, withToken(await issuer.token())))).toBe(invalid);
  expect(causes).toMatchObject([{ message: "the key cannot verify the token", cause: { message: expect.stringMatching(/2048 bits/) } }]);
});
