// Bearer tokens and rate limits with the credentials of grpc-go and of C-core (Python), over TLS.
import { spawnSync } from "node:child_process";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { identity, oidc, scopes } from "@grpc-study/auth";
import { UserService } from "@grpc-study/proto/shop";
import { Code, type Context, createServer, implement, rateLimit } from "@grpc-study/rpc";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildGo, hasGo } from "../harness/go-program.ts";
import { e2eFolder } from "../harness/paths.ts";
import { Process } from "../harness/process.ts";
import { Authority, Folder } from "./certificates.ts";

const python = process.env["PYTHON_GRPC"] ?? "/usr/bin/python3";
const hasPython = spawnSync(python, ["-c", "import grpc"]).status === 0;

const peers = [
  { peer: "grpc-go", installed: hasGo, start: (args: readonly string[]) => new Process(buildGo("bearer"), args) },
  {
    peer: "C-core",
    installed: hasPython,
    start: (args: readonly string[]) => new Process(python, [join(e2eFolder, "foreign/python/bearer.py"), ...args]),
  },
];

const started = new AsyncDisposableStack();
const callers: string[] = [];
let address: string;
let ca: string;
let issuer: string;
let sign: (claims: Record<string, unknown>) => Promise<string>;

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "one", alg: "RS256", use: "sig" };
  const http = createHttpServer(({ url }, response) => {
    const discovery = url === "/.well-known/openid-configuration";
    response.end(JSON.stringify(discovery ? { issuer, jwks_uri: `${issuer}/jwks.json` } : { keys: [jwk] }));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  started.defer(() => void http.close());
  issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  sign = (claims) =>
    new SignJWT({ sub: "mei", scope: "score:read", ...claims })
      .setProtectedHeader({ alg: "RS256", kid: "one" })
      .setIssuer(issuer)
      .setAudience("shop")
      .setExpirationTime(String(claims["expires"] ?? "1 minute from now"))
      .sign(privateKey);

  const folder = started.use(await Folder.make());
  const authority = new Authority();
  ca = await folder.write("ca.pem", authority.cert);
  const server = createServer({
    interceptors: [
      oidc({ issuer, audience: "shop" }),
      scopes([[UserService, "score:read"]]),
      rateLimit({ per: [({ values }) => values.require(identity).subject, "method"], rate: 0.01, burst: 2 }),
    ],
  });
  started.defer(async () => void (await server.shutdown({ graceMs: 0 })));
  const seen = ({ values }: Context) => void callers.push(values.require(identity).subject);
  server.add(
    implement(UserService, {
      getUserScore(_request, context) {
        seen(context);
        return {};
      },
      *getUserScoreByServerStream(_request, context) {
        seen(context);
        yield {};
      },
      getUserScoreByClientStream(_requests, context) {
        seen(context);
        return {};
      },
      async *getUserScoreByDoubleEndStream(_requests, context) {
        seen(context);
        yield {};
      },
    }),
  );
  ({ address } = await server.listen("127.0.0.1:0", authority.issue()));
});

afterAll(() => started.disposeAsync());

interface Outcome {
  readonly code: number;
  readonly message: string;
  readonly details: string;
}

describe.each(peers)("$peer", { timeout: 60_000 }, ({ peer, installed, start }) => {
  test.skipIf(!installed)("each kind of call has the outcome of its token", async () => {
    await using client = start([address, ca]);
    let asked = 0;
    const ask = async (token: string) => {
      const index = asked++;
      client.stdin.write(`${token}\n`);
      await client.stdout.count(index + 1);
      return JSON.parse(client.stdout.lines[index] ?? "") as readonly Outcome[];
    };
    /** The outcomes of the four kinds: status, and whether the details contain a text. */
    const all = async (token: string, detail: string) =>
      (await ask(token)).map(({ code, message, details }) => [Code[code], message, Buffer.from(details, "base64").includes(detail)]);
    const each = (...outcome: readonly unknown[]) => Array.from({ length: 4 }, () => outcome);

    const subject = `mei at ${peer}`;
    expect(await all(await sign({ sub: subject }), "")).toEqual(each("OK", "", true));
    expect(callers.filter((caller) => caller === subject)).toHaveLength(4);

    expect(await all(await sign({ expires: "1 minute ago" }), "TOKEN_EXPIRED")).toEqual(
      each("UNAUTHENTICATED", "the bearer token has expired", true),
    );
    expect(await all("a.wrong.token", "TOKEN_INVALID")).toEqual(each("UNAUTHENTICATED", "the bearer token is not valid", true));
    expect(await all(await sign({ scope: "" }), "SCOPE_MISSING")).toEqual(
      each("PERMISSION_DENIED", expect.stringMatching(/^\/services\.UserService\/\w+ needs the scope score:read$/), true),
    );

    // The second call of each method is the last one of the burst.
    expect(await all(await sign({ sub: subject }), "")).toEqual(each("OK", "", true));
    expect(await all(await sign({ sub: subject }), "google.rpc.RetryInfo")).toEqual(
      each("RESOURCE_EXHAUSTED", expect.stringMatching(/^too many calls, try again in \d+ ms$/), true),
    );
    expect(await all(await sign({ sub: `another at ${peer}` }), "")).toEqual(each("OK", "", true));
    expect(callers.filter((caller) => caller === subject)).toHaveLength(8);
  });
});
