// Callers behind the gateway: the token of a browser reaches the interceptors of the server, and
// their refusals are HTTP statuses.
import { createGateway } from "@grpc-study/gateway";
import { ProdService } from "@grpc-study/proto/shop";
import { Code, createClient, createServer, implement, type RpcError, rateLimit, type ServerInterceptor } from "@grpc-study/rpc";
import { describe, expect, onTestFinished, test } from "vitest";
import { anyone, apiKeys, createApiKey, identity, jwt, scopes } from "../src/index.ts";
import { startIssuer } from "./issuer.ts";

/** The upstream is behind a socket, or in the process of the gateway. */
const upstreams = ["socket", "in process"] as const;

async function startShop(upstream: (typeof upstreams)[number], ...more: readonly ServerInterceptor[]) {
  const issuer = await startIssuer();
  const { key, id, hash } = createApiKey();
  const server = createServer({
    interceptors: [
      jwt({ issuer: issuer.url, audience: "shop", jwks: issuer.jwks, optional: true, onReloadError: () => {} }),
      apiKeys({ find: (wanted) => (wanted === id ? { hash, subject: "billing", scopes: ["prod:read"] } : undefined), optional: true }),
      scopes([[ProdService, { getProdStock: "prod:read", getProdStocks: "prod:read", getProdInfo: anyone }]]),
      ...more,
    ],
  });
  let subject: string | undefined;
  server.add(
    implement(ProdService, {
      getProdStock: (_request, { values }) => {
        subject = values.get(identity)?.subject;
        return { prodStock: 7 };
      },
    }),
  );
  const target = upstream === "socket" ? (await server.listen("127.0.0.1:0")).address : server.channel();
  const gateway = createGateway({ services: [ProdService], upstream: target, forwardHeaders: ["x-api-key"] });
  const { host, port } = await gateway.listen("127.0.0.1:0");
  const address = `${host}:${port}`;
  onTestFinished(async () => {
    await gateway.close();
    await server.shutdown({ graceMs: 0, abortMs: 0 });
  });
  const get = async (headers: Record<string, string> = {}) => {
    const response = await fetch(`http://${address}/v1/prod/1`, { headers });
    const { details = [], message } = (await response.json()) as { details?: readonly { reason?: string }[]; message?: string };
    return {
      status: response.status,
      reason: details[0]?.reason,
      message,
      challenge: response.headers.get("www-authenticate"),
      retryAfter: response.headers.get("retry-after"),
    };
  };
  return { issuer, key, address, get, subject: () => subject };
}

describe.each(upstreams)("upstream by %s", (upstream) => {
  test("REST: 200, 401, 403 and 503", async () => {
    const { issuer, key, get, subject } = await startShop(upstream);
    const bearer = async (...claims: Parameters<typeof issuer.token>) => ({ authorization: `Bearer ${await issuer.token(...claims)}` });
    const port = await issuer.stop();
    expect(await get(await bearer())).toMatchObject({ status: 503, reason: "KEYS_UNAVAILABLE", retryAfter: "1" });
    await issuer.start(port);
    await expect.poll(async () => (await get(await bearer({ scope: "prod:read" }))).status, { timeout: 5_000 }).toBe(200);
    expect(subject()).toBe("mei");
    expect(await get({ "x-api-key": key })).toMatchObject({ status: 200 });
    expect(subject()).toBe("billing");

    expect(await get()).toMatchObject({ status: 401, reason: "CREDENTIALS_MISSING", challenge: "Bearer", retryAfter: null });
    expect(await get({ authorization: "Bearer x" })).toMatchObject({ status: 401, reason: "TOKEN_INVALID", challenge: "Bearer" });
    expect(await get({ "x-api-key": "x" })).toMatchObject({ status: 401, reason: "KEY_INVALID" });
    expect(await get(await bearer({ scope: "other" }))).toEqual({
      status: 403,
      reason: "SCOPE_MISSING",
      message: "/services.ProdService/GetProdStock needs the scope prod:read",
      challenge: null,
      retryAfter: null,
    });
  });

  test("REST: 429 with Retry-After, by the caller and not by the connection of the gateway", async () => {
    const bySubject = rateLimit({ per: ({ values }) => values.get(identity)?.subject, rate: 0.1, burst: 1 });
    const { issuer, get } = await startShop(upstream, bySubject);
    const as = async (sub: string) => get({ authorization: `Bearer ${await issuer.token({ sub, scope: "prod:read" })}` });
    expect((await as("mei")).status).toBe(200);
    const { status, retryAfter } = await as("mei");
    expect([status, Number(retryAfter)]).toEqual([429, expect.closeTo(10, 0)]);
    expect((await as("ann")).status).toBe(200);
  });

  test("gRPC and Connect through the gateway have the same refusals, with details", async () => {
    const { issuer, address } = await startShop(upstream);
    using client = createClient(ProdService, address);
    const call = async (token?: string) =>
      client.getProdStock({}, token === undefined ? {} : { metadata: { authorization: `Bearer ${token}` } }).then(
        () => "OK",
        (error: RpcError) => [Code[error.code], error.details.length],
      );
    expect(await call(await issuer.token({ scope: "prod:read" }))).toBe("OK");
    expect(await call()).toEqual(["UNAUTHENTICATED", 1]);
    expect(await call(await issuer.token())).toEqual(["PERMISSION_DENIED", 1]);

    const connect = async (headers: Record<string, string>) => {
      const init = {
        method: "POST",
        body: "{}",
        headers: { "content-type": "application/json", "connect-protocol-version": "1", ...headers },
      };
      const response = await fetch(`http://${address}/services.ProdService/GetProdStock`, init);
      return [response.status, ((await response.json()) as { code?: string }).code];
    };
    expect(await connect({})).toEqual([401, "unauthenticated"]);
    expect(await connect({ authorization: `Bearer ${await issuer.token()}` })).toEqual([403, "permission_denied"]);
    expect(await connect({ authorization: `Bearer ${await issuer.token({ scope: "prod:read" })}` })).toEqual([200, undefined]);
  });
});
