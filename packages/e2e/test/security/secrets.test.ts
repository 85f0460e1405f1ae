// Tokens never appear in a log or in an error. They go over the wire only encrypted, and never to
// an untrusted server.
import { UserService } from "@grpc-study/proto/shop";
import { Code, createChannel, createClient, RpcError } from "@grpc-study/rpc";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { client } from "../harness/client.ts";
import { serverMain } from "../harness/paths.ts";
import { run } from "../harness/process.ts";
import { serve } from "../harness/server.ts";
import { Authority, Folder, writeSet } from "./certificates.ts";
import { listenTls } from "./foreign.ts";
import { call, kindNames, kinds, paths, toPerRpcCredentials } from "./kinds.ts";
import { callRaw, frame, openSession } from "./raw.ts";
import { record } from "./recorder.ts";
import { makeCertificates, onLoopback, serveSecurely } from "./servers.ts";

/**
 * HPACK's Huffman code lengthens these characters, so an encoder sends them unencoded (RFC 7541,
 * 5.2). A search of the plaintext bytes finds them.
 */
const readable = "{|}~^{|}~^{|}~^{|}~^";
const credentials = { user: "xiaoming", token: readable };

/** Disposed after the tests of this file. */
const started = new AsyncDisposableStack();

let folder: Folder;
let users: string;

beforeAll(async () => {
  folder = started.use(await Folder.make());
  await writeSet(folder);
  users = await folder.write("users.json", JSON.stringify([credentials]));
});

afterAll(() => started.disposeAsync());

describe("on the wire", () => {
  const shop = ["shop", "scores"];
  const args = (address: string) => ["--user", credentials.user, "--token", credentials.token, "--addr", address];

  test("over plaintext, a token is readable: the method of these tests works", async () => {
    await using server = await serveSecurely("shop", "token", folder, "--users", users);
    await using wire = await record(onLoopback(server.address));
    expect(await client([...shop, ...args(wire.address)])).toMatchObject({ status: 0, stderr: "" });
    expect(wire.bytes.includes(readable)).toBe(true);
  });

  test("over TLS, a token is not readable", async () => {
    await using server = await serveSecurely("shop", "token+tls", folder, "--users", users);
    await using wire = await record(onLoopback(server.address));
    const tls = ["--tls", "--certs", folder.path, "--require-transport-security"];
    expect(await client([...shop, ...tls, ...args(wire.address)])).toMatchObject({ status: 0, stderr: "" });
    expect(wire.connections).toBe(1);
    expect(wire.bytes.length).toBeGreaterThan(1000);
    expect(wire.bytes.includes(readable)).toBe(false);
    expect(wire.bytes.includes("services.UserService")).toBe(false);
  });

  test("with --require-transport-security, the client sends no byte to a plaintext port", async () => {
    await using wire = await record();
    const outcome = await client([...shop, "--require-transport-security", ...args(wire.address)]);
    expect(outcome).toEqual({
      status: 1,
      stdout: "",
      stderr: `UNAUTHENTICATED: the credentials require TLS, and the channel to ${wire.address} is plaintext\n`,
    });
    expect(wire.bytes.length).toBe(0);
  });

  test.each(kindNames)("a %s call does not send credentials that require transport security", async (kind) => {
    await using wire = await record();
    using channel = createChannel(wire.address);
    const shop = createClient(UserService, channel, { perRpcCredentials: toPerRpcCredentials(credentials, true) });
    await expect(kinds[kind](shop)).rejects.toMatchObject({ code: Code.UNAUTHENTICATED });
    expect([wire.connections, wire.bytes.length]).toEqual([0, 0]);
  });

  test("a server with a certificate of another CA or for another name receives no byte", async () => {
    const otherAuthority = new Authority();
    await folder.write("stranger-ca.pem", otherAuthority.cert);
    const received: Buffer[] = [];
    await using server = await listenTls({ ...otherAuthority.issue({ sans: ["elsewhere.example"] }), ALPNProtocols: ["h2"] }, (socket) =>
      socket.on("data", (bytes: Buffer) => received.push(bytes)),
    );
    for (const ca of ["ca.pem", "stranger-ca.pem"]) {
      const outcome = await client([...shop, "--ca", folder.file(ca), ...args(`localhost:${server.port}`)]);
      expect(outcome).toMatchObject({
        status: 1,
        stdout: "",
        stderr: expect.stringMatching(/^UNAVAILABLE: [^\n]*the server's certificate is not [^\n]*\n$/),
      });
    }
    expect(Buffer.concat(received).length).toBe(0);
  });

  test("a plaintext client does not send its token to a TLS port", async () => {
    await using server = await serveSecurely("shop", "token+tls", folder, "--users", users);
    await using wire = await record(onLoopback(server.address));
    expect(await client([...shop, ...args(wire.address)])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/does it expect TLS\?\n$/),
    });
    expect(wire.bytes.includes(readable)).toBe(false);
  });
});

describe("in the log", () => {
  test.each(["token", "token+tls"] as const)("--security %s logs the caller but no token, right or wrong", async (security) => {
    const server = await serveSecurely("shop", security, folder, "--users", users, "--log-level", "trace");
    await using _ = server;
    const options = security === "token" ? {} : { tls: { ca: folder.file("ca.pem") } };
    const statuses = new Set<string>();
    for (const token of [readable, "a wrong token", "another wrong token"]) {
      for (const kind of kindNames) {
        using channel = createChannel(server.address, options);
        const outcome = await call(channel, kind, { ...credentials, token }).catch((error: unknown) => error);
        statuses.add(outcome instanceof RpcError ? Code[outcome.code] : "OK");
        // The client's error does not contain the token either.
        expect(String(outcome)).not.toContain(token);
      }
    }
    if (security === "token") {
      await using session = openSession(server.address);
      const headers = { user: credentials.user, token: [readable, "a wrong token"], "token-bin": Buffer.from(readable).toString("base64") };
      await callRaw(session, paths.unary, { headers, body: frame(Buffer.alloc(0)) });
      // A value outside ASCII.
      await callRaw(session, paths.unary, { headers: { ...credentials, token: `${readable}\xff` }, body: frame(Buffer.alloc(0)) });
      // A malformed request of an authenticated caller.
      await callRaw(session, paths.unary, { headers: { ...credentials }, body: frame(Buffer.of(0x7f)) });
    }
    expect([...statuses].toSorted()).toEqual(["OK", "UNAUTHENTICATED"]);
    await server.stop();
    const log = server.stderr.text + server.stdout.text;
    expect(log).toContain('"caller":"xiaoming"');
    expect(log).toContain('"status":"UNAUTHENTICATED"');
    for (const secret of [readable, JSON.stringify(readable).slice(1, -1), Buffer.from(readable).toString("base64"), "wrong token"]) {
      expect(log).not.toContain(secret);
    }
  });

  test("neither the tutorial's token nor a private key appears", async () => {
    await using certs = await Folder.make();
    await makeCertificates(certs);
    const server = await serve("hello", { args: ["--security", "token+tls", "--certs", certs.path, "--log-level", "trace"] });
    await using _ = server;
    const hello = ["hello", "--tls", "--certs", certs.path, "--user", "xiaoming", "--token", "123321123", "--addr", server.address];
    expect(await client(hello)).toMatchObject({ status: 0, stderr: "" });
    await server.stop();
    expect(server.stderr.text).toContain('"caller":"xiaoming"');
    expect(server.stderr.text + server.stdout.text).not.toMatch(/123321123|PRIVATE KEY/);
  });

  test("a client with a certificate appears as the subject of the certificate", async () => {
    await using server = await serveSecurely("shop", "mtls", folder);
    expect(await client(["shop", "scores", "--mtls", "--certs", folder.path, "--addr", server.address])).toMatchObject({ status: 0 });
    expect(await server.logged(({ msg }) => msg === "call")).toMatchObject({ status: "OK", caller: "CN=e2e client, O=e2e" });
  });
});

describe("in an error", () => {
  test.each([
    ["must be valid JSON", `[{"user": "xiaoming", "token": "${readable}"`],
    ["must be a JSON array of users", `{"user": "xiaoming", "token": "${readable}"}`],
    ['user 1: has an unknown property "admin"', `[{"user": "xiaoming", "token": "${readable}", "admin": true}]`],
    ['user 1: "user" must be a non-empty string', `[{"user": 1, "token": "${readable}"}]`],
  ])("an invalid users file is reported on one line without the tokens: %s", async (problem, content) => {
    await using broken = await Folder.make();
    const file = await broken.write("users.json", content);
    const { status, stdout, stderr } = await run(process.execPath, [
      serverMain,
      "shop",
      "--port",
      "0",
      "--security",
      "token",
      "--users",
      file,
    ]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
    expect(stderr).toContain(problem);
    expect(stderr).not.toContain(readable);
  });

  test("the client rejects a token that no header can carry, on one line without the token", async () => {
    const { status, stdout, stderr } = await client([
      "shop",
      "scores",
      "--user",
      "xiaoming",
      "--token",
      "密码密码",
      "--addr",
      "127.0.0.1:1",
    ]);
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: "", stderr: "error: user and token must be printable ASCII\n" });
  });
});
