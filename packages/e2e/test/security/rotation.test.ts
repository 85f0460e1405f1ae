// Expiring and renewed certificates: the server needs no restart, and no call is dropped.
import { X509Certificate } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { Greeter } from "@grpc-study/proto/chat";
import {
  type ClientTls,
  Code,
  createChannel,
  createClient,
  createServer,
  implement,
  type ServerTls,
  type TlsFileError,
} from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { client } from "../harness/client.ts";
import { until } from "../harness/until.ts";
import { Authority, Folder, type Identity, writeSet } from "./certificates.ts";
import { shakeHands } from "./handshake.ts";
import { record } from "./recorder.ts";
import { makeCertificates, onLoopback, serveHello } from "./servers.ts";

const fingerprintOf = ({ cert }: Identity) => new X509Certificate(cert).fingerprint256;

/** Starts a chat server that echoes each name with the identity of the client. */
async function serveChat(security: ServerTls) {
  const server = createServer();
  server.add(
    implement(Greeter, {
      async *bidiHello(requests, { clientCertificate }) {
        for await (const { name } of requests) yield { reply: `${name} ${clientCertificate?.subject ?? "anonymous"}` };
      },
    }),
  );
  const { address, port } = await server.listen("localhost:0", { reloadMs: 50, ...security });
  return { address, loopback: `127.0.0.1:${port}`, [Symbol.asyncDispose]: async () => void (await server.shutdown({ graceMs: 0 })) };
}

/** Makes one call on a new connection, and resolves with its reply. */
async function sayOnce(address: string, tls: ClientTls): Promise<string | undefined> {
  // An existing connection keeps its certificates.
  using talker = createClient(Greeter, address, { tls, pool: false });
  return (await talker.bidiHello([{ name: "hello" }]).recv())?.reply;
}

/**
 * Creates a folder with a CA and its certificates, and a server that checks the files every 50 ms.
 */
async function setUp(options: { readonly mutual?: boolean } = {}) {
  const folder = await Folder.make();
  const authority = await writeSet(folder);
  const errors: TlsFileError[] = [];
  const first = authority.issue();
  const files = await folder.writeIdentity("server", first);
  const mutual = options.mutual ? { clientCa: folder.file("ca.pem") } : {};
  const server = await serveChat({ ...files, ...mutual, onReloadError: (error) => errors.push(error) });
  return {
    folder,
    authority,
    errors,
    first,
    files,
    ...server,
    trust: { ca: folder.file("ca.pem") },
    /** The fingerprint of the certificate that new connections get. */
    shown: async () => (await shakeHands(server.loopback)).fingerprint,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

// Runs first, because it takes longest.
test("all TLS listeners of a running server pick up the certificate of `certs --renew`", async () => {
  await using folder = await Folder.make();
  await makeCertificates(folder);
  await using server = await serveHello(folder);
  const { TLS, "mutual TLS": mutual } = server.addresses;
  const shown = () => Promise.all([TLS, mutual].map(async (address) => (await shakeHands(onLoopback(address))).fingerprint));
  const [before] = await shown();
  await makeCertificates(folder, "--renew");
  // The server checks the files every ten seconds.
  await until(async () => (await shown()).every((fingerprint) => fingerprint !== before));
  const hello = (...args: string[]) => client(["hello", "--certs", folder.path, ...args]);
  expect(await hello("--tls", "--addr", TLS)).toMatchObject({ status: 0, stderr: "" });
  expect(await hello("--mtls", "--addr", mutual)).toMatchObject({ status: 0, stderr: "" });
  expect(server.process.messages).toEqual([]);
});

test("new connections get a renewed certificate, and an open stream continues", async () => {
  await using server = await setUp();
  using talker = createClient(Greeter, server.address, { tls: server.trust });
  const chat = talker.bidiHello();
  await chat.send({ name: "before" });
  expect(await chat.recv()).toMatchObject({ reply: "before anonymous" });
  for (let time = 1; time <= 3; time++) {
    const renewed = server.authority.issue();
    await server.folder.writeIdentity("server", renewed);
    await until(async () => (await server.shown()) === fingerprintOf(renewed));
    await chat.send({ name: `after ${time}` });
    expect(await chat.recv()).toMatchObject({ reply: `after ${time} anonymous` });
  }
  expect(await sayOnce(server.address, server.trust)).toBe("hello anonymous");
  chat.closeSend();
  expect(await chat.recv()).toBeUndefined();
  // For a moment, the new key is there without its certificate.
  for (const { message } of server.errors) expect(message).toContain("does not belong to the certificate");
});

test("a half-written pair is not picked up: the old one stays in use, and one error is reported", async () => {
  await using server = await setUp();
  const renewed = server.authority.issue();
  await server.folder.write("server.pem", renewed.cert);
  await until(() => server.errors.length > 0);
  // Let the server check the files several times.
  await delay(300);
  expect(await server.shown()).toBe(fingerprintOf(server.first));
  expect(await sayOnce(server.address, server.trust)).toBe("hello anonymous");
  expect(server.errors.map(({ message }) => message)).toEqual([
    `the key in ${server.files.key} does not belong to the certificate in ${server.files.cert}`,
  ]);
  await server.folder.write("server.key", renewed.key);
  await until(async () => (await server.shown()) === fingerprintOf(renewed));
});

test.each([
  ["is gone", (file: string) => rm(file), /^cannot read \S+: there is no such file$/],
  ["is empty", (file: string) => writeFile(file, ""), / is not a PEM certificate$/],
  ["is cut off", (file: string, pem: string) => writeFile(file, pem.slice(0, 200)), / is not a PEM certificate$/],
  ["is something else", (file: string) => writeFile(file, "hello"), / is not a PEM certificate$/],
] as const)(
  "a certificate that %s is not picked up, and the old one stays in use until a valid one replaces it",
  async (_, spoil, message) => {
    await using server = await setUp();
    await spoil(server.files.cert, server.first.cert);
    await until(() => server.errors.length > 0);
    expect(server.errors[0]?.message).toMatch(message);
    expect(await server.shown()).toBe(fingerprintOf(server.first));
    const renewed = server.authority.issue();
    await server.folder.writeIdentity("server", renewed);
    await until(async () => (await server.shown()) === fingerprintOf(renewed));
  },
);

test("a renewed certificate that has already expired is not picked up", async () => {
  await using server = await setUp();
  await server.folder.writeIdentity("server", server.authority.issue({ to: -60 }));
  await until(() => server.errors.some(({ message }) => /expired on \d{4}-/.test(message)));
  expect(await server.shown()).toBe(fingerprintOf(server.first));
});

test("an expiring certificate leaves open streams alone, fails new connections, and can be renewed", async () => {
  await using server = await setUp();
  const lifetime = 4;
  const brief = server.authority.issue({ to: lifetime });
  const end = Date.parse(new X509Certificate(brief.cert).validTo);
  await server.folder.writeIdentity("server", brief);
  await until(async () => (await server.shown()) === fingerprintOf(brief));
  using talker = createClient(Greeter, server.address, { tls: server.trust });
  const chat = talker.bidiHello();
  await chat.send({ name: "before" });
  expect(await chat.recv()).toMatchObject({ reply: "before anonymous" });
  // X.509 times have a resolution of one second.
  await delay(end + 1_100 - Date.now());
  await expect(sayOnce(server.address, server.trust)).rejects.toMatchObject({
    code: Code.UNAVAILABLE,
    message: `cannot connect to ${server.address}: the server's certificate has expired`,
  });
  await chat.send({ name: "after" });
  expect(await chat.recv()).toMatchObject({ reply: "after anonymous" });
  await server.folder.writeIdentity("server", server.authority.issue());
  await until(async () => (await server.shown()) !== fingerprintOf(brief));
  expect(await sayOnce(server.address, server.trust)).toBe("hello anonymous");
});

test("a channel uses the client's renewed certificate when it reconnects", async () => {
  await using server = await setUp({ mutual: true });
  const own = await server.folder.writeIdentity("me", server.authority.issue({ for: "client", subject: { CN: "old me" } }));
  await using wire = await record(server.loopback);
  using channel = createChannel(wire.address.replace("127.0.0.1", "localhost"), {
    tls: { ...server.trust, ...own, reloadMs: 50, onReloadError: () => {} },
  });
  const talker = createClient(Greeter, channel);
  const say = async () => (await talker.bidiHello([{ name: "I am" }]).recv())?.reply;
  expect(await say()).toBe("I am CN=old me");
  await server.folder.writeIdentity("me", server.authority.issue({ for: "client", subject: { CN: "new me" } }));
  // An existing connection keeps its certificate.
  expect(await say()).toBe("I am CN=old me");
  await until(async () => {
    wire.cut();
    // The call may use the connection that was just closed.
    return (await say().catch(() => undefined)) === "I am CN=new me";
  });
});

test("a channel trusts the client's renewed CA when it reconnects", async () => {
  await using server = await setUp();
  const successor = new Authority();
  await using wire = await record(server.loopback);
  const ca = await server.folder.write("trusted.pem", server.authority.cert);
  using channel = createChannel(wire.address.replace("127.0.0.1", "localhost"), { tls: { ca, reloadMs: 50 } });
  const talker = createClient(Greeter, channel);
  const say = async () => (await talker.bidiHello([{ name: "hello" }]).recv())?.reply;
  expect(await say()).toBe("hello anonymous");
  const renewed = successor.issue();
  await server.folder.writeIdentity("server", renewed);
  await until(async () => (await server.shown()) === fingerprintOf(renewed));
  wire.cut();
  await until(async () => {
    const answer = await say().catch((error: Error) => error.message);
    return String(answer).endsWith("the server's certificate is not signed by an authority that this client trusts");
  });
  await server.folder.write("trusted.pem", successor.cert);
  await until(async () => (await say().catch(() => undefined)) === "hello anonymous");
});

test("a new client CA admits its clients and rejects those of the old one, and an open stream continues", async () => {
  await using server = await setUp({ mutual: true });
  const successor = new Authority();
  await server.folder.write("trusted.pem", server.authority.cert);
  const issue = (by: Authority, name: string) => server.folder.writeIdentity(name, by.issue({ for: "client", subject: { CN: name } }));
  const old = { ca: server.folder.file("trusted.pem"), ...(await issue(server.authority, "old")) };
  const young = { ca: server.folder.file("trusted.pem"), ...(await issue(successor, "young")) };
  expect(await sayOnce(server.address, old)).toBe("hello CN=old");
  await expect(sayOnce(server.address, young)).rejects.toMatchObject({ code: Code.UNAVAILABLE });
  using talker = createClient(Greeter, server.address, { tls: old });
  const chat = talker.bidiHello();
  await chat.send({ name: "before" });
  expect(await chat.recv()).toMatchObject({ reply: "before CN=old" });

  await server.folder.write("ca.pem", successor.cert);
  await until(async () => (await sayOnce(server.address, young).catch(() => undefined)) === "hello CN=young");
  await expect(sayOnce(server.address, old)).rejects.toMatchObject({ code: Code.UNAVAILABLE });
  await chat.send({ name: "after" });
  expect(await chat.recv()).toMatchObject({ reply: "after CN=old" });
});
