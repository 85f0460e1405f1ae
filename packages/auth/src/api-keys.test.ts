// API keys: which are accepted, alone and beside tokens.
import { describe, expect, test, vi } from "vitest";
import { startIssuer } from "../test/issuer.ts";
import { everyWay, kinds, outcome, start, UserService, withToken } from "../test/service.ts";
import { type ApiKey, anyone, apiKeys, createApiKey, type Identity, identity, jwt, scopes } from "./index.ts";

const invalid = "UNAUTHENTICATED: the API key is not valid (KEY_INVALID)";
const withKey = (key: string, header = "x-api-key") => ({ metadata: { [header]: key } });

function store(options: Partial<ApiKey> = {}) {
  const { key, id, hash } = createApiKey();
  const keys = new Map<string, ApiKey>([[id, { hash, subject: "billing", scopes: ["score:read"], ...options }]]);
  return { key, id, find: vi.fn((id: string) => keys.get(id)) };
}

describe.each(everyWay)("$transport, $kind", ({ transport, kind }) => {
  test("the handler finds the owner of the key, and runs for no other key", async () => {
    const { key, find } = store();
    const see = vi.fn(({ values }) => values.require(identity));
    const { client } = await start([apiKeys({ find })], { transport, see });
    await kinds[kind](client, withKey(key));
    const caller = see.mock.results[0]?.value as Identity;
    expect(caller).toEqual({ subject: "billing", scopes: ["score:read"], claims: {}, expiresAt: undefined });
    expect(Object.isFrozen(caller) && Object.isFrozen(caller.scopes)).toBe(true);
    expect(await outcome(kinds[kind](client))).toBe("UNAUTHENTICATED: the call has no API key (CREDENTIALS_MISSING)");
    expect(await outcome(kinds[kind](client, withKey(createApiKey().key)))).toBe(invalid);
    expect(see).toHaveBeenCalledTimes(1);
  });
});

test.each<[string, (key: string, id: string) => string]>([
  ["another secret", (_, id) => `${id}.${createApiKey().key.split(".")[1]}`],
  ["a shorter secret", (key) => key.slice(0, -1)],
  ["a longer secret", (key) => `${key}A`],
  ["no secret", (_, id) => `${id}.`],
  ["the id alone", (_, id) => id],
  ["no id", (key) => key.replace(/^[^.]*/, "")],
  ["more parts", (key) => `${key}.x`],
  ["an id with other characters", (key) => `../${key}`],
])("a key with %s is not valid", async (_, change) => {
  const { key, id, find } = store();
  const { client } = await start([apiKeys({ find })]);
  expect(await outcome(client.getUserScore({}, withKey(change(key, id))))).toBe(invalid);
});

test("the hash of a key is not a key", async () => {
  const { key, id, find } = store();
  const { client } = await start([apiKeys({ find })]);
  const hash = find(id)?.hash ?? "";
  expect(await outcome(client.getUserScore({}, withKey(`${id}.${hash}`)))).toBe(invalid);
  expect(await outcome(client.getUserScore({}, withKey(key)))).toBe("OK");
});

test("find() may be asynchronous, and is not called for keys with other characters", async () => {
  const { key, find } = store();
  const slow = vi.fn(async (id: string) => find(id));
  const { client } = await start([apiKeys({ find: slow })]);
  expect(await outcome(client.getUserScore({}, withKey(key)))).toBe("OK");
  expect(await outcome(client.getUserScore({}, withKey("'; DROP TABLE keys.x")))).toBe(invalid);
  expect(slow).toHaveBeenCalledTimes(1);
});

test("a key has an expiry", async () => {
  const call = async (expiresAt: Date) => {
    const { key, find } = store({ expiresAt });
    const { client } = await start([apiKeys({ find })]);
    return outcome(client.getUserScore({}, withKey(key)));
  };
  expect(await call(new Date(Date.now() + 60_000))).toBe("OK");
  expect(await call(new Date(Date.now() - 1))).toBe("UNAUTHENTICATED: the API key has expired (KEY_EXPIRED)");
});

test.each<[string, object, string]>([
  ["an invalid date", { expiresAt: new Date("never") }, "expiresAt of the API key must be a valid Date, or undefined, got Invalid Date"],
  ["a date as text", { expiresAt: "2020-01-01" }, "expiresAt of the API key must be a valid Date, or undefined, got '2020-01-01'"],
  ["scopes as text", { scopes: "admin" }, "the scopes of the API key must be an array of strings, got 'admin'"],
  ["no subject", { subject: undefined }, "the subject of the API key must be a string that is not empty, got undefined"],
])("a stored key with %s lets no one in, and onError says why", async (_, stored, message) => {
  const { key, find } = store(stored);
  const onError = vi.fn();
  const see = vi.fn();
  const { client } = await start([apiKeys({ find })], { see, options: { onError } });
  expect(await outcome(client.getUserScore({}, withKey(key)))).toBe("INTERNAL: internal error");
  expect(onError.mock.calls).toMatchObject([[{ message }, {}]]);
  expect(see).not.toHaveBeenCalled();
});

test("the metadata may have another key", async () => {
  const { key, find } = store();
  const { client } = await start([apiKeys({ find, header: "x-shop-key" })]);
  expect(await outcome(client.getUserScore({}, withKey(key, "x-shop-key")))).toBe("OK");
  expect(await outcome(client.getUserScore({}, withKey(key)))).toMatch("CREDENTIALS_MISSING");
});

test("tokens for people and keys for programs: each alone, both are rejected, and scopes() rejects neither", async () => {
  const issuer = await startIssuer();
  const { key, find } = store();
  const seen: unknown[] = [];
  const table = scopes([
    [
      UserService,
      {
        getUserScore: "score:read",
        getUserScoreByServerStream: anyone,
        getUserScoreByClientStream: anyone,
        getUserScoreByDoubleEndStream: anyone,
      },
    ],
  ]);
  const people = jwt({ issuer: issuer.url, audience: "shop", jwks: issuer.jwks, optional: true });
  const { client } = await start([people, apiKeys({ find, optional: true }), table], {
    see: ({ values }) => seen.push(values.get(identity)?.subject),
  });
  const token = withToken(await issuer.token({ scope: "score:read" }));
  expect(await outcome(client.getUserScore({}, token))).toBe("OK");
  expect(await outcome(client.getUserScore({}, withKey(key)))).toBe("OK");
  expect(await outcome(client.getUserScore({}, { metadata: { ...token.metadata, "x-api-key": key } }))).toBe(
    "UNAUTHENTICATED: the call has other credentials beside the API key (CREDENTIALS_AMBIGUOUS)",
  );
  expect(await outcome(client.getUserScore({}))).toMatch(/^UNAUTHENTICATED: .* needs credentials/);
  expect(await outcome(client.getUserScoreByClientStream([]))).toBe("OK");
  expect(seen).toEqual(["mei", "billing", undefined]);
});

test("createApiKey() creates another key each time, of characters that metadata can carry", () => {
  const keys = Array.from({ length: 100 }, () => createApiKey());
  expect(new Set(keys.flatMap(({ key, id, hash }) => [key, id, hash])).size).toBe(300);
  expect(keys.every(({ key, id }) => /^[\w-]{12}\.[\w-]{43}$/.test(key) && key.startsWith(`${id}.`))).toBe(true);
});
