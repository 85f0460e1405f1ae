// Token authentication of our server's command: who is admitted, and what the others get.
import type { OutgoingHttpHeaders } from "node:http2";
import { Code, createChannel, RpcError } from "@grpc-study/rpc";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientMain, serverMain } from "../harness/paths.ts";
import { run } from "../harness/process.ts";
import { type ServerProcess, serve } from "../harness/server.ts";
import { Folder } from "./certificates.ts";
import { answered, type Credentials, call, kindNames, paths } from "./kinds.ts";
import { callRaw, frame, openSession } from "./raw.ts";
import { serveSecurely } from "./servers.ts";

const token = "a right token";
const everything = { user: "xiaoming", token };
const scores = { user: "scores", token: "scores' token", methods: ["/services.UserService/*"] };
const upload = { user: "upload", token: "upload's token", methods: [paths["client streaming"]] };
const products = { user: "products", token: "products' token", methods: ["/services.ProdService/*"] };

const absent = { code: Code.UNAUTHENTICATED, message: "未传输Token" };
const wrong = { code: Code.UNAUTHENTICATED, message: "Token 不正确" };

/** Disposed after the tests of this file. */
const started = new AsyncDisposableStack();

let folder: Folder;
let server: ServerProcess;

beforeAll(async () => {
  folder = started.use(await Folder.make());
  const users = await folder.write("users.json", JSON.stringify([everything, scores, upload, products]));
  server = started.use(await serveSecurely("shop", "token", folder, "--users", users));
});

afterAll(async () => {
  const { faults } = server;
  await started.disposeAsync();
  // No request of these tests may cause an error in the server.
  expect(faults).toEqual([]);
});

async function statusOf(called: Promise<unknown>): Promise<{ code: Code; message: string }> {
  try {
    await called;
    return { code: Code.OK, message: "" };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return { code: error.code, message: error.message };
  }
}

describe.each(kindNames)("a %s call", (kind) => {
  const callAs = async ({ user, token }: Credentials) => {
    using channel = createChannel(server.address);
    return await statusOf(call(channel, kind, user === undefined ? { token } : { user, token }));
  };

  test("succeeds with the right token", async () => {
    using channel = createChannel(server.address);
    expect(await call(channel, kind, everything)).toEqual(answered);
  });

  test("is UNAUTHENTICATED without a token or with a wrong one", async () => {
    using channel = createChannel(server.address);
    expect(await statusOf(call(channel, kind))).toEqual(absent);
    expect(await callAs({ user: "xiaoming", token: "wrong" })).toEqual(wrong);
    expect(await callAs({ token })).toEqual(wrong);
    expect(await callAs({ user: "scores", token })).toEqual(wrong);
    expect(await callAs({ user: "nobody", token })).toEqual(wrong);
  });

  test("is PERMISSION_DENIED for a user without permission, and succeeds for one with it", async () => {
    const allowed = { code: Code.OK, message: "" };
    const denied = (user: string) => ({ code: Code.PERMISSION_DENIED, message: `${user} may not call ${paths[kind]}` });
    expect(await callAs(scores)).toEqual(allowed);
    expect(await callAs(products)).toEqual(denied("products"));
    expect(await callAs(upload)).toEqual(kind === "client streaming" ? allowed : denied("upload"));
  });

  test("is rejected before its request is parsed", async () => {
    await using session = openSession(server.address);
    // Field 15 with a wire type that does not exist.
    const garbage = frame(Buffer.of(0x7f, 0xff, 0xff, 0xff));
    const send = (headers: OutgoingHttpHeaders) => callRaw(session, paths[kind], { headers, body: garbage });
    expect(await send({})).toEqual(absent);
    expect(await send({ user: "xiaoming", token: "wrong" })).toEqual(wrong);
    expect(await send(headersOf(products))).toMatchObject({ code: Code.PERMISSION_DENIED });
    // The same bytes are malformed with the right token.
    expect(await send(headersOf(everything))).toMatchObject({ code: Code.INTERNAL, message: expect.stringContaining("cannot parse") });
  });
});

function headersOf({ user, token }: { readonly user: string; readonly token: string }): OutgoingHttpHeaders {
  return { user, token };
}

test.each(["client streaming", "bidirectional"] as const)("a %s call is rejected at once, before it sends a message", async (kind) => {
  await using session = openSession(server.address);
  expect(await callRaw(session, paths[kind], { end: false })).toEqual(absent);
  expect(await callRaw(session, paths[kind], { end: false, headers: { user: "xiaoming", token: "wrong" } })).toEqual(wrong);
  expect(await callRaw(session, paths[kind], { end: false, headers: headersOf(products) })).toMatchObject({ code: Code.PERMISSION_DENIED });
  expect(await callRaw(session, paths[kind], { headers: { user: "xiaoming", token: "wrong" } })).toEqual(wrong);
});

test("reflection needs a token with permission; health needs none", async () => {
  await using session = openSession(server.address);
  const health = { body: frame(Buffer.alloc(0)) };
  // list_services = 7: ""
  const reflection = { body: frame(Buffer.of(0x3a, 0)) };
  const ok = { code: Code.OK };
  expect(await callRaw(session, "/grpc.health.v1.Health/Check", health)).toMatchObject(ok);
  expect(await callRaw(session, "/grpc.health.v1.Health/Check", { ...health, headers: { token: "wrong" } })).toMatchObject(ok);
  for (const version of ["v1", "v1alpha"]) {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    expect(await callRaw(session, path, reflection)).toEqual(absent);
    expect(await callRaw(session, path, { ...reflection, headers: { user: "xiaoming", token: "wrong" } })).toEqual(wrong);
    expect(await callRaw(session, path, { ...reflection, headers: headersOf(scores) })).toMatchObject({ code: Code.PERMISSION_DENIED });
    expect(await callRaw(session, path, { ...reflection, headers: headersOf(everything) })).toMatchObject(ok);
  }
});

test("an unknown method is UNIMPLEMENTED for every caller", async () => {
  await using session = openSession(server.address);
  expect(await callRaw(session, "/services.UserService/Nope", { body: frame(Buffer.alloc(0)) })).toMatchObject({
    code: Code.UNIMPLEMENTED,
  });
});

/** Returns the bytes of UTF-8, each as the character that HTTP/2 sends as this byte. */
const utf8 = (text: string) => Buffer.from(text).toString("latin1");

const invalidCredentials: readonly (readonly [what: string, headers: OutgoingHttpHeaders, status: object])[] = [
  ["neither user nor token", {}, absent],
  ["only a user", { user: "xiaoming" }, absent],
  ["another header for the token", { user: "xiaoming", authorization: `Bearer ${token}` }, absent],
  ["the token under a binary key", { user: "xiaoming", "token-bin": Buffer.from(token).toString("base64") }, absent],
  ["no user", { token }, wrong],
  ["an empty user", { user: "", token }, wrong],
  ["an unknown user", { user: "nobody", token }, wrong],
  ["a user in capitals", { user: "XIAOMING", token }, wrong],
  ["the user twice", { user: ["xiaoming", "xiaoming"], token }, wrong],
  ["the right user and another", { user: ["xiaoming", "scores"], token }, wrong],
  ["another user and the right one", { user: ["scores", "xiaoming"], token }, wrong],
  ["an empty token", { user: "xiaoming", token: "" }, wrong],
  ["a token without its last character", { user: "xiaoming", token: token.slice(0, -1) }, wrong],
  ["a token with an extra character", { user: "xiaoming", token: `${token}x` }, wrong],
  ["a token in capitals", { user: "xiaoming", token: token.toUpperCase() }, wrong],
  ["the right token twice", { user: "xiaoming", token: [token, token] }, wrong],
  ["the right token and a wrong one", { user: "xiaoming", token: [token, "wrong"] }, wrong],
  ["a wrong token and the right one", { user: "xiaoming", token: ["wrong", token] }, wrong],
  ["an empty token and the right one", { user: "xiaoming", token: ["", token] }, wrong],
  ["the tokens of all users in a list", { user: "xiaoming", token: `${token}, ${scores.token}` }, wrong],
  ["a token of 8 KiB", { user: "xiaoming", token: "x".repeat(8192) }, wrong],
  ["the right token and 8 KiB", { user: "xiaoming", token: token + "x".repeat(8192) }, wrong],
  ["a user of 8 KiB", { user: "x".repeat(8192), token }, wrong],
  ["a user in Chinese", { user: utf8("小明"), token }, wrong],
  ["a token in Chinese", { user: "xiaoming", token: utf8("密码") }, wrong],
  ["a token of emoji", { user: "xiaoming", token: utf8("🔑".repeat(64)) }, wrong],
  ["a token of bytes that are not UTF-8", { user: "xiaoming", token: "\xff\xfe\x80" }, wrong],
  ["percent-encoding", { user: "xiaoming", token: encodeURIComponent(token) }, wrong],
  ["a format string", { user: "%s%n", token: "%s%n%x" }, wrong],
  ["a regular expression", { user: ".*", token: ".*" }, wrong],
  ["the names of inherited properties", { user: "__proto__", token: "constructor" }, wrong],
];

test.each(invalidCredentials)("%s: rejected", async (_, headers, status) => {
  await using session = openSession(server.address);
  for (const kind of kindNames) {
    expect(await callRaw(session, paths[kind], { headers, body: frame(Buffer.alloc(0)) })).toEqual(status);
  }
});

test.each([
  ["a line break", { user: "xiaoming", token: `${token}\r\n` }],
  ["a zero byte", { user: "xiaoming", token: `${token}\0` }],
  ["a control character", { user: "xiaoming", token: `\x1b[31m${token}` }],
  ["a megabyte", { user: "xiaoming", token: "x".repeat(1 << 20) }],
])("%s in the token is rejected, and other clients are served", async (_, headers) => {
  await using session = openSession(server.address);
  // HTTP/2 rejects such headers on either side, so the call may end without a status.
  const { code } = await callRaw(session, paths.unary, { headers, body: frame(Buffer.alloc(0)) }).catch(() => ({ code: undefined }));
  expect(code).not.toBe(Code.OK);
  using channel = createChannel(server.address);
  expect(await call(channel, "unary", everything)).toEqual(answered);
});

test("a thousand almost right tokens are rejected, and the right one still works", async () => {
  await using session = openSession(server.address);
  // A generator with a fixed seed, so that failures are reproducible.
  let seed = 20_211_121;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const printable = () => String.fromCharCode(0x20 + random(0x5f));
  const edits = [
    (text: string, at: number) => text.slice(0, at) + printable() + text.slice(at),
    (text: string, at: number) => text.slice(0, at) + text.slice(at + 1),
    (text: string, at: number) => text.slice(0, at) + printable() + text.slice(at + 1),
    (text: string, at: number) => text.slice(at) + text.slice(0, at),
  ];
  const attempts = Array.from({ length: 1000 }, () => {
    let edited = token;
    for (let count = 1 + random(3); count > 0; count--) edited = edits[random(edits.length)]?.(edited, random(edited.length)) ?? "";
    return edited;
  });
  // HTTP strips leading and trailing spaces of a value.
  const almost = attempts.filter((edited) => edited.trim() !== token);
  expect(almost.length).toBeGreaterThan(900);
  const codes = await Promise.all(
    almost.map(async (edited) => {
      const headers = { user: "xiaoming", token: edited };
      return (await callRaw(session, paths.unary, { headers, body: frame(Buffer.alloc(0)) })).code;
    }),
  );
  expect(new Set(codes)).toEqual(new Set([Code.UNAUTHENTICATED]));
  expect(await callRaw(session, paths.unary, { headers: headersOf(everything), body: frame(Buffer.alloc(0)) })).toMatchObject({
    code: Code.OK,
  });
});

test("a topic without users of its own starts with tokens only if --users names some", async () => {
  const outcome = await run(process.execPath, [serverMain, "shop", "--port", "0", "--security", "token"]);
  expect(outcome).toEqual({
    status: 1,
    stdout: "",
    stderr: expect.stringMatching(/^error: topic shop: no user may call with a token: [^\n]+\n$/),
  });
});

test("users and tokens can come from the environment, which keeps them out of the process list", async () => {
  await using secrets = await Folder.make();
  const users = JSON.stringify([{ user: "by env", token: "a token of the environment" }]);
  const env = await secrets.write("server.env", `GRPC_STUDY_USERS='${users}'\n`);
  await using own = await serve("shop", { node: [`--env-file=${env}`], args: ["--security", "token"] });
  const clientEnv = await secrets.write("client.env", 'GRPC_STUDY_USER="by env"\nGRPC_STUDY_TOKEN="a token of the environment"\n');
  const outcome = await run(process.execPath, [`--env-file=${clientEnv}`, clientMain, "shop", "scores", "--addr", own.address]);
  expect(outcome).toEqual({ status: 0, stdout: expect.stringMatching(/user_id:1/), stderr: "" });
});

test("the operator's users replace the topic's own", async () => {
  await using own = await serve("hello", { args: ["--security", "token", "--users", folder.file("users.json")] });
  const hello = (token: string) =>
    run(process.execPath, [clientMain, "hello", "--user", "xiaoming", "--token", token, "--addr", own.address]);
  expect(await hello("123321123")).toEqual({ status: 1, stdout: "", stderr: "UNAUTHENTICATED: Token 不正确\n" });
  expect(await hello(token)).toMatchObject({ status: 0, stderr: "" });
});
