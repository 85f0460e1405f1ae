// Tokens of a client: when they are requested, shared and refreshed.
import { Code, createClient, type PerRpcCredentials, RpcError } from "@grpc-study/rpc";
import { UnsecuredJWT } from "jose";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { everyWay, kinds, outcome, start, UserService } from "../test/service.ts";
import { bearer, type Token } from "./index.ts";

describe.each(everyWay)("$transport, $kind", ({ transport, kind }) => {
  test("calls have the token", async () => {
    const seen: unknown[] = [];
    const { channel } = await start([], { transport, see: ({ metadata }) => seen.push(metadata.get("authorization")) });
    const perRpcCredentials = bearer(async () => "abc.def", { requireTransportSecurity: false });
    await kinds[kind](createClient(UserService, channel, { perRpcCredentials }));
    expect(seen).toEqual(["Bearer abc.def"]);
  });
});

test("over plaintext, no token is requested or sent, unless the options say so", async () => {
  const getToken = vi.fn(() => "abc");
  const { channel } = await start([]);
  const client = createClient(UserService, channel, { perRpcCredentials: bearer(getToken) });
  expect(await outcome(client.getUserScore({}))).toMatch(/^UNAUTHENTICATED: the credentials require TLS/);
  expect(getToken).not.toHaveBeenCalled();
});

describe("refresh", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
  afterEach(() => void vi.useRealTimers());

  const send = async (credentials: PerRpcCredentials) => {
    const metadata = await credentials.getRequestMetadata("", new AbortController().signal);
    return (metadata as { authorization: string }).authorization;
  };
  const counting = (lifeS: number) => {
    let count = 0;
    return vi.fn(async (): Promise<Token> => ({ token: `t${++count}`, expiresAt: new Date(Date.now() + lifeS * 1000) }));
  };
  const later = (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1000);

  test("calls share a token, and a new one replaces it in the background 30 s before it expires", async () => {
    const getToken = counting(60);
    const credentials = bearer(getToken);
    expect(await Promise.all([send(credentials), send(credentials)])).toEqual(["Bearer t1", "Bearer t1"]);
    later(29);
    expect(await send(credentials)).toBe("Bearer t1");
    expect(getToken).toHaveBeenCalledTimes(1);
    later(2);
    expect(await send(credentials)).toBe("Bearer t1");
    await vi.waitFor(async () => expect(await send(credentials)).toBe("Bearer t2"), 10_000);
    expect(getToken).toHaveBeenCalledTimes(2);
  });

  test("an expired token is never sent", async () => {
    const credentials = bearer(counting(60));
    await send(credentials);
    later(60);
    expect(await send(credentials)).toBe("Bearer t2");
  });

  test("refreshBeforeS sets when", async () => {
    const getToken = counting(60);
    const credentials = bearer(getToken, { refreshBeforeS: 5 });
    await send(credentials);
    later(54);
    await send(credentials);
    expect(getToken).toHaveBeenCalledTimes(1);
    later(2);
    await send(credentials);
    expect(getToken).toHaveBeenCalledTimes(2);
  });

  test("if a new token cannot be had, the last one is sent while it is valid, with one attempt a second", async () => {
    const getToken = counting(60);
    const credentials = bearer(getToken);
    await send(credentials);
    getToken.mockRejectedValue(new Error("down"));
    later(40);
    for (let i = 0; i < 15; i++) {
      expect(await send(credentials)).toBe("Bearer t1");
      later(0.1);
    }
    expect(getToken).toHaveBeenCalledTimes(3);
    later(20);
    await expect(send(credentials)).rejects.toThrow("down");
  });

  test("the expiry is in the token, if it is a JSON Web Token", async () => {
    let count = 0;
    const getToken = vi.fn(() => new UnsecuredJWT({ count: ++count }).setExpirationTime("2 minutes").encode());
    const credentials = bearer(getToken);
    await send(credentials);
    later(80);
    await send(credentials);
    expect(getToken).toHaveBeenCalledTimes(1);
    later(15);
    await send(credentials);
    expect(getToken).toHaveBeenCalledTimes(2);
  });

  test("a token whose expiry is unknown is requested for each call", async () => {
    const getToken = vi.fn(() => "abc");
    const credentials = bearer(getToken);
    await send(credentials);
    await send(credentials);
    expect(getToken).toHaveBeenCalledTimes(2);
  });
});

test("a request that hangs fails after timeoutS, and later calls request again", async () => {
  const reasons: unknown[] = [];
  const getToken = vi.fn((signal: AbortSignal) => {
    signal.addEventListener("abort", () => reasons.push((signal.reason as Error).message));
    return getToken.mock.calls.length === 1 ? new Promise<string>(() => {}) : "abc";
  });
  const { channel } = await start([]);
  const perRpcCredentials = bearer(getToken, { requireTransportSecurity: false, timeoutS: 0.1 });
  const client = createClient(UserService, channel, { perRpcCredentials });
  expect(await outcome(client.getUserScore({}))).toBe("UNAUTHENTICATED: cannot get credentials for this call");
  expect(await outcome(client.getUserScore({}))).toBe("OK");
  expect(reasons).toEqual(["no token within 100 ms"]);
});

test.each<[string, () => unknown, string]>([
  ["an error", () => Promise.reject(new Error("secret server is down")), "UNAUTHENTICATED: cannot get credentials for this call"],
  ["an RpcError", () => Promise.reject(new RpcError(Code.UNAVAILABLE, "later")), "UNAVAILABLE: later"],
  ["an empty token", () => "", "UNAUTHENTICATED: getToken() must return a token"],
  ["no token", () => undefined, "UNAUTHENTICATED: getToken() must return a token"],
  ["a token with a line break", () => "a\nb", "UNAUTHENTICATED: getToken() must return a token"],
  ["a wrong date", () => ({ token: "a", expiresAt: 5 }), "UNAUTHENTICATED: cannot get credentials for this call"],
])("getToken() that gives %s fails the call", async (_, getToken, expected) => {
  const { channel } = await start([]);
  const perRpcCredentials = bearer(getToken as never, { requireTransportSecurity: false });
  expect(await outcome(createClient(UserService, channel, { perRpcCredentials }).getUserScore({}))).toBe(expected);
});

test("a request for the token outlives the call in whose handler it was made", async () => {
  const answer = Promise.withResolvers<void>();
  const request = vi.fn(() => answer.promise);
  const tokens = await start([], { see: request });
  const upstream = await start([]);
  // The calls share a token, which comes from a call of its own.
  const getToken = () => tokens.client.getUserScore({}).then(() => "abc");
  const perRpcCredentials = bearer(getToken, { requireTransportSecurity: false });
  const client = createClient(UserService, upstream.channel, { perRpcCredentials });
  const handle = vi.fn(() => client.getUserScore({}));
  const front = await start([], { see: handle });
  const impatient = new AbortController();
  const first = outcome(front.client.getUserScore({}, { signal: impatient.signal }));
  await vi.waitFor(() => expect(request).toHaveBeenCalledTimes(1), 10_000);
  const second = outcome(front.client.getUserScore({}));
  await vi.waitFor(() => expect(handle).toHaveBeenCalledTimes(2), 10_000);
  impatient.abort();
  expect(await first).toMatch(/^CANCELLED/);
  answer.resolve();
  expect(await second).toBe("OK");
  expect(request).toHaveBeenCalledTimes(1);
});
