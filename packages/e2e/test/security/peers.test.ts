// Foreign gRPC stacks over TLS, as client and as server.
import { readFile } from "node:fs/promises";
import { Code as ConnectCode, ConnectError } from "@connectrpc/connect";
import { SayHello } from "@grpc-study/proto/hello";
import { UserService } from "@grpc-study/proto/shop";
import { Code, createChannel, RpcError } from "@grpc-study/rpc";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { client } from "../harness/client.ts";
import type { ServerProcess } from "../harness/server.ts";
import { Authority, Folder, type Identity, writeSet } from "./certificates.ts";
import { bufCurl, type ConnectTls, callWithConnect, serveConnect } from "./foreign.ts";
import { answered, call, kindNames, paths } from "./kinds.ts";
import { serveSecurely } from "./servers.ts";

const secured = ["tls", "mtls", "token+tls"] as const;
type Secured = (typeof secured)[number];

const right = { user: "xiaoming", token: "a right token" };

/** Disposed after the tests of this file. */
const started = new AsyncDisposableStack();

let folder: Folder;
let authority: Authority;
let otherAuthority: Authority;
let ca: string;
let own: Identity;
const servers = new Map<Secured, ServerProcess>();

beforeAll(async () => {
  folder = started.use(await Folder.make());
  authority = await writeSet(folder);
  otherAuthority = new Authority();
  ca = authority.cert;
  own = { cert: await readFile(folder.file("client.pem"), "utf8"), key: await readFile(folder.file("client.key"), "utf8") };
  await folder.write("strange-ca.pem", otherAuthority.cert);
  await folder.writeIdentity("strange", otherAuthority.issue({ for: "client" }));
  const users = await folder.write("users.json", JSON.stringify([right]));
  await Promise.all(
    secured.map(async (security) => {
      servers.set(security, started.use(await serveSecurely("shop", security, folder, "--users", users)));
    }),
  );
});

afterAll(() => started.disposeAsync());

const addressOf = (security: Secured) => servers.get(security)?.address ?? "";

/** Expects that every call over mutual TLS so far had the client's certificate. */
function expectKnownCallers(): void {
  const lines = servers.get("mtls")?.stderr.lines ?? [];
  const calls = lines.filter((line) => !line.includes('"msg":"the data is in memory '));
  expect(calls.filter((line) => !line.includes('"caller":"CN=e2e client, O=e2e"'))).toEqual([]);
}

describe("our server, called by connect-node", () => {
  const clientOf = (security: Secured): [ConnectTls, typeof right | undefined] => [
    security === "mtls" ? { ca, ...own } : { ca },
    security === "token+tls" ? right : undefined,
  ];

  test.each(secured.flatMap((security) => kindNames.map((kind) => ({ security, kind }))))(
    "answers a $kind call with --security $security",
    async ({ security, kind }) => {
      expect(await callWithConnect(addressOf(security), kind, ...clientOf(security))).toEqual(answered);
    },
  );

  const errorOf = async (call: Promise<unknown>) => {
    const error = await call.catch((error: unknown) => error);
    if (!(error instanceof ConnectError)) throw new Error("expected a ConnectError");
    return [ConnectCode[error.code], error.rawMessage];
  };

  test.each(kindNames)("rejects a %s call without a token or with a wrong one", async (kind) => {
    const address = addressOf("token+tls");
    expect(await errorOf(callWithConnect(address, kind, { ca }))).toEqual(["Unauthenticated", "未传输Token"]);
    expect(await errorOf(callWithConnect(address, kind, { ca }, { ...right, token: "wrong" }))).toEqual([
      "Unauthenticated",
      "Token 不正确",
    ]);
  });

  test.each([
    ["plaintext", undefined],
    ["no certificate", () => ({ ca })],
    ["a certificate of another CA", () => ({ ca, ...otherAuthority.issue({ for: "client" }) })],
    ["a certificate that has expired", () => ({ ca, ...authority.issue({ for: "client", to: -60 }) })],
    ["a certificate that is not valid yet", () => ({ ca, ...authority.issue({ for: "client", from: 600 }) })],
    ["a server's certificate", () => ({ ca, ...authority.issue({ for: "server" }) })],
    ["a CA that did not sign the server's certificate", () => ({ ca: otherAuthority.cert, ...own })],
  ] as const)("with --security mtls, rejects the connection with %s", async (_, tls) => {
    for (const kind of kindNames) {
      const [code] = await errorOf(callWithConnect(addressOf("mtls"), kind, tls?.()));
      // The code depends on how Node reports the closed connection.
      expect(["Unavailable", "Internal", "Aborted", "Canceled", "Unknown"]).toContain(code);
    }
    expectKnownCallers();
  });
});

describe("our server, called by buf curl", () => {
  const argsOf = (security: Secured): string[] => [
    ...["--cacert", folder.file("ca.pem")],
    ...(security === "mtls" ? ["--cert", folder.file("client.pem"), "--key", folder.file("client.key")] : []),
    ...(security === "token+tls" ? ["-H", `user: ${right.user}`, "-H", `token: ${right.token}`] : []),
  ];
  const curl = (security: Secured, args: readonly string[], kind: (typeof kindNames)[number] = "unary") =>
    bufCurl(`https://${addressOf(security)}`, paths[kind], args);

  test.each(secured.flatMap((security) => kindNames.map((kind) => ({ security, kind }))))(
    "answers a $kind call with --security $security",
    async ({ security, kind }) => {
      const { status, stdout, stderr } = await curl(security, argsOf(security), kind);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      const ids = [...stdout.matchAll(/"userId": ?(\d)/g)].map(([, id]) => Number(id));
      expect(ids).toEqual(answered);
    },
  );

  test.each([
    ["without the token", [], "未传输Token"],
    ["with a wrong token", ["-H", "user: xiaoming", "-H", "token: wrong"], "Token 不正确"],
  ] as const)("rejects a call %s", async (_, headers, message) => {
    const { status, stderr } = await curl("token+tls", [...argsOf("tls"), ...headers]);
    expect(status).toBe(Code.UNAUTHENTICATED << 3);
    expect(JSON.parse(stderr)).toMatchObject({ code: "unauthenticated", message });
  });

  test.each([
    // With TLS 1.3, the server rejects a certificate after Go considers the connection established,
    // so Go's error message varies.
    ["no certificate", () => argsOf("tls"), /./],
    [
      "a certificate of another CA",
      () => [...argsOf("tls"), "--cert", folder.file("strange.pem"), "--key", folder.file("strange.key")],
      /./,
    ],
    [
      "a CA that did not sign the server's certificate",
      () => [...argsOf("mtls").slice(2), "--cacert", folder.file("strange-ca.pem")],
      /certificate signed by unknown authority/,
    ],
    ["a wrong server name", () => [...argsOf("mtls"), "--servername", "elsewhere.example"], /certificate is (not )?valid for/],
  ] as const)("rejects the connection with %s", async (_, args, message) => {
    const { status, stdout, stderr } = await curl("mtls", args());
    expect({ ok: status === 0, stdout }).toEqual({ ok: false, stdout: "" });
    expect(stderr).toMatch(message);
    expectKnownCallers();
  });
});

describe("a connect-node server", () => {
  const serve = (options: object) =>
    serveConnect({ ...authority.issue(), ...options }, (router) => {
      router.service(SayHello, { sayHello: ({ messageName }) => ({ resMessage: `Hello ${messageName}` }) });
      router.service(UserService, {
        getUserScore: ({ users }, { requestHeader }) => {
          if (requestHeader.get("token") !== right.token) throw new ConnectError("no", ConnectCode.Unauthenticated);
          return { users };
        },
        async *getUserScoreByServerStream({ users }) {
          yield { users };
        },
        async getUserScoreByClientStream(requests) {
          return { users: (await Array.fromAsync(requests)).flatMap(({ users }) => users) };
        },
        async *getUserScoreByDoubleEndStream(requests) {
          for await (const { users } of requests) yield { users };
        },
      });
    });

  test("greets our client's command over TLS and over mutual TLS", async () => {
    const greeted = { status: 0, stdout: "Hello XiaoMing\n", stderr: "" };
    await using plain = await serve({});
    expect(await client(["hello", "--tls", "--certs", folder.path, "--addr", `localhost:${plain.port}`])).toEqual(greeted);
    await using mutual = await serve({ requestCert: true, rejectUnauthorized: true, ca });
    expect(await client(["hello", "--mtls", "--certs", folder.path, "--addr", `127.0.0.1:${mutual.port}`])).toEqual(greeted);
  });

  test("rejects our client's command without a certificate, and the client prints the cause on one line", async () => {
    await using mutual = await serve({ requestCert: true, rejectUnauthorized: true, ca });
    const address = `localhost:${mutual.port}`;
    expect(await client(["hello", "--tls", "--certs", folder.path, "--addr", address])).toEqual({
      status: 1,
      stdout: "",
      stderr: `UNAVAILABLE: cannot connect to ${address}: the server requires a client certificate\n`,
    });
  });

  test.each(kindNames)("answers our library's %s call over mutual TLS", async (kind) => {
    await using server = await serve({ requestCert: true, rejectUnauthorized: true, ca });
    const tls = { ca: folder.file("ca.pem"), cert: folder.file("client.pem"), key: folder.file("client.key") };
    using channel = createChannel(`localhost:${server.port}`, { tls });
    expect(await call(channel, kind, right)).toEqual(answered);
  });

  test("with a certificate of another CA: our library's call fails, and its token is not sent", async () => {
    const headers: unknown[] = [];
    await using server = await serveConnect(otherAuthority.issue(), (router) =>
      router.service(UserService, {
        getUserScore(_, { requestHeader }) {
          headers.push(requestHeader);
          return {};
        },
      }),
    );
    using channel = createChannel(`localhost:${server.port}`, { tls: { ca: folder.file("ca.pem") } });
    const error = await call(channel, "unary", right).catch((error: unknown) => error as RpcError);
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, message: expect.stringMatching(/an authority that this client trusts$/) });
    expect(headers).toEqual([]);
  });
});
