// Issuers over HTTP: discovery, rotation and outages, as calls see them.
import { currentCall } from "@grpc-study/rpc/current-call";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createKey, type Issuer, startIssuer } from "../test/issuer.ts";
import { failureOf, outcome, start, withToken } from "../test/service.ts";
import { type JwtOptions, jwt, oidc } from "./index.ts";

const unavailable = "UNAVAILABLE: tokens cannot be verified at the moment (KEYS_UNAVAILABLE)";
const invalid = "UNAUTHENTICATED: the bearer token is not valid (TOKEN_INVALID)";

afterEach(() => void vi.restoreAllMocks());

const both = {
  jwt: (issuer: Issuer, options: Partial<JwtOptions> = {}) => jwt({ issuer: issuer.url, audience: "shop", jwks: issuer.jwks, ...options }),
  oidc: (issuer: Issuer, options = {}) => oidc({ issuer: issuer.url, audience: "shop", ...options }),
} as const;

describe.each(["jwt", "oidc"] as const)("%s()", (name) => {
  test("requests the keys once for many calls", async () => {
    const issuer = await startIssuer();
    const { client } = await start([both[name](issuer)]);
    const token = withToken(await issuer.token());
    await Promise.all(Array.from({ length: 50 }, () => client.getUserScore({}, token)));
    for (let i = 0; i < 10; i++) await client.getUserScore({}, withToken(await issuer.token({ sub: `user ${i}` })));
    expect(issuer.requests).toEqual(name === "jwt" ? ["/jwks.json"] : ["/.well-known/openid-configuration", "/jwks.json"]);
  });

  test("accepts tokens of a new key after a rotation, and none of the old one after maxAgeS", async () => {
    const issuer = await startIssuer();
    const { client } = await start([both[name](issuer, { cooldownS: 0, maxAgeS: 1 })]);
    const old = withToken(await issuer.token());
    expect(await outcome(client.getUserScore({}, old))).toBe("OK");
    issuer.keys = [await createKey("new")];
    expect(await outcome(client.getUserScore({}, withToken(await issuer.token())))).toBe("OK");
    // The request for the new key has replaced the old one, so the cache of tokens does not count.
    expect(await outcome(client.getUserScore({}, old))).toBe(invalid);
  });

  test("is UNAVAILABLE while the issuer has never been reached, and recovers", async () => {
    const issuer = await startIssuer();
    const token = withToken(await issuer.token());
    const onReloadError = vi.fn();
    const { client } = await start([both[name](issuer, { onReloadError, cooldownS: 0.05 })]);
    const port = await issuer.stop();
    const error = await failureOf(client.getUserScore({}, token));
    expect(await outcome(Promise.reject(error))).toBe(unavailable);
    expect(JSON.stringify([String(error), error.details])).not.toContain(String(port));
    expect(onReloadError.mock.calls[0]?.[0].message).toMatch(new RegExp(`^cannot load ${issuer.url}/.*: fetch failed \\(.*ECONNREFUSED`));
    await issuer.start(port);
    await vi.waitFor(async () => expect(await outcome(client.getUserScore({}, token))).toBe("OK"), 10_000);
  });

  test("keeps the keys while the issuer is down", async () => {
    const issuer = await startIssuer();
    const onReloadError = vi.fn();
    const { client } = await start([both[name](issuer, { onReloadError, maxAgeS: 0.05, cooldownS: 0.05 })]);
    expect(await outcome(client.getUserScore({}, withToken(await issuer.token())))).toBe("OK");
    await issuer.stop();
    await vi.waitFor(async () => {
      expect(await outcome(client.getUserScore({}, withToken(await issuer.token({ sub: String(Math.random()) }))))).toBe("OK");
      expect(onReloadError.mock.calls.length).toBeGreaterThan(3);
    }, 10_000);
  });

  test("no call waits for an issuer that hangs, once a request has failed", async () => {
    const issuer = await startIssuer();
    const onReloadError = vi.fn();
    const { client } = await start([both[name](issuer, { onReloadError, maxAgeS: 0.01, cooldownS: 0, timeoutS: 2 })]);
    const token = withToken(await issuer.token());
    expect(await outcome(client.getUserScore({}, token))).toBe("OK");
    issuer.respond = () => {};
    const requests = issuer.requests.length;
    await vi.waitFor(async () => {
      expect(await outcome(client.getUserScore({}, token))).toBe("OK");
      expect(onReloadError).toHaveBeenCalledTimes(1);
    }, 10_000);
    // The next request hangs as well.
    await vi.waitFor(async () => {
      expect(await outcome(client.getUserScore({}, { ...token, timeoutMs: 1_000 }))).toBe("OK");
      expect(issuer.requests.length).toBeGreaterThan(requests + 1);
    }, 10_000);
    expect(onReloadError).toHaveBeenCalledTimes(1);
  });

  test("a `fetch` that ignores its signal fails after timeoutS", async () => {
    const issuer = await startIssuer();
    const send = vi.fn<typeof fetch>(() => new Promise(() => {}));
    await expect(both[name](issuer, { fetch: send, timeoutS: 0.1, onReloadError: () => {} }).ready()).rejects.toThrow(
      "no response within 100 ms",
    );
  });

  test("the request for the keys belongs to no call", async () => {
    const issuer = await startIssuer();
    const send = vi.fn<typeof fetch>((url, init) => fetch(url, init));
    const { client } = await start([both[name](issuer, { fetch: (...args) => send(...args).finally(() => callers.push(currentCall())) })]);
    const callers: unknown[] = [];
    await client.getUserScore({}, withToken(await issuer.token()));
    expect(callers).toEqual(send.mock.calls.map(() => undefined));
    expect(callers.length).toBeGreaterThan(0);
  });

  test("a warning of the process says why the keys cannot be loaded", async () => {
    const issuer = await startIssuer();
    issuer.respond = (_path, response) => void response.writeHead(503).end();
    const emitWarning = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    await expect(both[name](issuer).ready()).rejects.toThrow(/^cannot load http:.*: HTTP status 503$/);
    expect(emitWarning).toHaveBeenCalledTimes(1);
  });

  test.each<[string, Issuer["respond"], RegExp]>([
    ["is not JSON", (_path, response) => void response.end("<html>"), /JSON/],
    ["is an array", (_path, response) => void response.end("[]"), /the response is not an object$/],
    ["is endless", (_path, response) => endless(response), /the response is longer than 1048576 bytes$/],
    ["never arrives", () => {}, /no response within 1000 ms/],
    ["never ends", (_path, response) => void response.write("{"), /no response within 1000 ms/],
  ])("a response that %s is a failure", async (_, respond, reason) => {
    const issuer = await startIssuer();
    issuer.respond = respond;
    const interceptor = both[name](issuer, { timeoutS: 1, onReloadError: () => {} });
    await expect(interceptor.ready()).rejects.toThrow(reason);
    const { client } = await start([interceptor], { transport: "in process" });
    expect(await outcome(client.getUserScore({}, withToken(await issuer.token())))).toBe(unavailable);
  });

  test("a redirect is a failure, even to the right response", async () => {
    const issuer = await startIssuer();
    issuer.respond = (path, response) => {
      if (path.startsWith("/moved")) issuer.standard(path.slice("/moved".length), response);
      else response.writeHead(302, { location: `/moved${path}` }).end();
    };
    await expect(both[name](issuer, { onReloadError: () => {} }).ready()).rejects.toThrow(/redirect/);
    expect(issuer.requests).toHaveLength(1);
  });

  test("a call ends at its deadline while the issuer is silent", async () => {
    const issuer = await startIssuer();
    issuer.respond = () => {};
    const { client } = await start([both[name](issuer, { onReloadError: () => {}, timeoutS: 20 })]);
    const begin = performance.now();
    const error = await failureOf(client.getUserScore({}, { ...withToken(await issuer.token()), timeoutMs: 100 }));
    expect(error).toMatchObject({ message: expect.stringMatching(/deadline/i) });
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  test("`fetch` sends the requests", async () => {
    const issuer = await startIssuer();
    const send = vi.fn<typeof fetch>((url, init) => fetch(url, init));
    await both[name](issuer, { fetch: send }).ready();
    expect(send).toHaveBeenCalledTimes(name === "jwt" ? 1 : 2);
  });
});

function endless(response: Parameters<Issuer["respond"]>[1]): void {
  const more = () => {
    while (!response.destroyed && response.write(" ".repeat(65_536)));
  };
  response.on("drain", more);
  more();
}

describe("discovery", () => {
  const discover = async (configuration: (issuer: Issuer) => object, path = "") => {
    const issuer = await startIssuer();
    issuer.respond = (requested, response) => {
      if (requested === `${path}/.well-known/openid-configuration`) response.end(JSON.stringify(configuration(issuer)));
      else issuer.standard(requested, response);
    };
    return oidc({ issuer: issuer.url + path, audience: "shop", onReloadError: () => {} })
      .ready()
      .then(
        () => "OK",
        (error: Error) => error.message.replaceAll(issuer.url, "ISSUER"),
      );
  };

  test.each(["", "/realms/shop", "/realms/shop/"])("works for an issuer with the path %j", async (path) => {
    const at = path.replace(/\/$/, "");
    const issuer = await startIssuer();
    issuer.respond = (requested, response) => {
      if (requested === `${at}/.well-known/openid-configuration`)
        response.end(JSON.stringify({ issuer: issuer.url + path, jwks_uri: issuer.jwks }));
      else issuer.standard(requested, response);
    };
    const { client } = await start([oidc({ issuer: issuer.url + path, audience: "shop" })]);
    expect(await outcome(client.getUserScore({}, withToken(await issuer.token({ iss: issuer.url + path }))))).toBe("OK");
    expect(await outcome(client.getUserScore({}, withToken(await issuer.token({ iss: issuer.url }))))).toBe(path === "" ? "OK" : invalid);
  });

  test.each<[string, (issuer: Issuer) => object, RegExp]>([
    [
      "another issuer",
      ({ jwks }) => ({ issuer: "https://evil.example", jwks_uri: jwks }),
      /names another issuer: "https:\/\/evil.example"$/,
    ],
    ["no issuer", ({ jwks }) => ({ jwks_uri: jwks }), /names another issuer: undefined$/],
    ["no jwks_uri", ({ url }) => ({ issuer: url }), /^jwks_uri of ISSUER.* must be a URL, got undefined$/],
    ["keys over HTTP", ({ url }) => ({ issuer: url, jwks_uri: "http://evil.example/" }), /must be an https: URL, unless allowHttp is true/],
    ["keys in a file", ({ url }) => ({ issuer: url, jwks_uri: "file:///etc/passwd" }), /must be an https: URL, got file:/],
  ])("a configuration with %s is rejected", async (_, configuration, message) => {
    expect(await discover(configuration)).toMatch(message);
  });
});
