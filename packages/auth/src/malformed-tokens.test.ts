// Tokens that no issuer writes. Each is UNAUTHENTICATED, and none is an error of the server.
import { CompactSign, exportJWK, generateKeyPair, SignJWT } from "jose";
import { expect, test, vi } from "vitest";
import { inSeconds } from "../test/issuer.ts";
import { outcome, start, withToken } from "../test/service.ts";
import { identity, jwt } from "./index.ts";

const rejected = /^UNAUTHENTICATED: (the bearer token (is not valid|has expired) \(TOKEN_(INVALID|EXPIRED)\)|`authorization` must be)/;

async function startWithKey() {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "one", alg: "ES256" }] };
  const onError = vi.fn();
  const { client } = await start([jwt({ issuer: "me", audience: "shop", jwks, maxTokenAgeS: 3600 })], {
    transport: "in process",
    options: { onError },
  });
  const sign = (payload: string | Uint8Array, header: object = {}) =>
    new CompactSign(typeof payload === "string" ? Buffer.from(payload) : payload)
      .setProtectedHeader({ alg: "ES256", kid: "one", ...header } as never)
      .sign(privateKey);
  const expectRejected = async (token: string) => {
    expect(await outcome(client.getUserScore({}, withToken(token)))).toMatch(rejected);
    expect(onError.mock.calls).toEqual([]);
  };
  return { client, sign, expectRejected };
}

const encoded = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const values = [null, true, 0, -1, 1e300, "", "x", [], {}, [null], { a: 1 }];

test("with a header that is malformed", async () => {
  const { expectRejected } = await startWithKey();
  const headers = [
    "",
    "{",
    "null",
    ...values,
    { alg: "none" },
    { alg: "ES256" },
    ...["alg", "kid", "crit", "b64", "typ", "jwk", "x5c", "zip", "enc"].flatMap((name) =>
      values.map((value) => ({ alg: "ES256", kid: "one", [name]: value })),
    ),
    { alg: "ES256", kid: "__proto__" },
    { alg: "ES256", kid: "x".repeat(5_000) },
  ];
  for (const header of headers) {
    for (const signature of ["", "AAAA", "A".repeat(86)])
      await expectRejected(`${encoded(header)}.${encoded({ sub: "mei" })}.${signature}`);
  }
});

test("with another number of parts, or other characters", async () => {
  const { sign, expectRejected } = await startWithKey();
  const [header, payload, signature] = (await sign("{}")).split(".");
  for (const token of [
    header,
    `${header}.${payload}`,
    `${header}.${payload}.${signature}.x`,
    "..",
    "...",
    "a.b.c",
    `${header}..${signature}`,
  ]) {
    await expectRejected(token ?? "");
  }
  for (const end of ["=", "==", "+", "/", "~", "-"]) await expectRejected(`${header}.${payload}.${signature}${end}`);
});

test("with claims that are malformed, and a genuine signature", async () => {
  const { client, sign, expectRejected } = await startWithKey();
  const claims = { iss: "me", aud: "shop", sub: "mei", iat: inSeconds(0), exp: inSeconds(60) };
  expect(await outcome(client.getUserScore({}, withToken(await sign(JSON.stringify(claims)))))).toBe("OK");
  for (const payload of ["", "{", "null", "5", "[]", '"x"', Buffer.from([0xff, 0xfe])]) await expectRejected(await sign(payload));
  for (const name of ["iss", "aud", "sub", "exp", "iat", "nbf"]) {
    for (const value of values) {
      // Valid all the same.
      if ((name === "sub" && value === "x") || (name === "nbf" && (value === 0 || value === -1))) continue;
      if (name === "exp" && value === 1e300) continue;
      await expectRejected(await sign(JSON.stringify({ ...claims, [name]: value })));
    }
  }
});

test("that expires after the end of dates is valid, and its expiry is a date", async () => {
  const secret = "0123456789abcdef0123456789abcdef";
  const see = vi.fn(({ values }) => values.require(identity).expiresAt);
  const { client } = await start([jwt({ issuer: "me", audience: "shop", secret, endAtExpiry: true })], { see });
  const token = await new SignJWT({ iss: "me", aud: "shop", sub: "mei", exp: 1e300 })
    .setProtectedHeader({ alg: "HS256" })
    .sign(Buffer.from(secret));
  expect(await outcome(Array.fromAsync(client.getUserScoreByServerStream({}, withToken(token))))).toBe("OK");
  expect(see.mock.results[0]?.value).toEqual(new Date(8.64e15));
});

test("with a header that asks for something else, and a genuine signature", async () => {
  const { sign, expectRejected } = await startWithKey();
  const claims = JSON.stringify({ iss: "me", aud: "shop", sub: "mei", iat: inSeconds(0), exp: inSeconds(60) });
  await expectRejected(await sign(claims, { b64: false, crit: ["b64"] }).catch(() => "a.b.c"));
  await expectRejected(await sign(claims, { kid: "two" }));
});
