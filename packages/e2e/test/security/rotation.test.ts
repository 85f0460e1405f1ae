// Expired and renewed certificates: a renewal needs no restart and interrupts no call.
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

/** Starts a chat that returns the identity of the caller. */
async function serveChat(security: ServerTls) {
  const server = createServer();
  server.add(
    implement(Greeter, {
      async *bidiHello(requests, { clientCertificate }) {
        for await (const { name } of requests) yield { reply: `${name} ${clientCertificate?.subject ?? "nobody"}` };
      },
    }),
  );
  const { address, port } = await server.listen("localhost:0", { reloadMs: 50, ...security });
  return { address, loopback: `127.0.0.1:${port}`, [Symbol.asyncDispose]: async () => void (await server.shutdown({ graceMs: 0 })) };
}

/** Sends a message on a new connection. */
async function sayOnce(address: string, tls: ClientTls): Promise<string | undefined> {
  // An existing connection keeps its certificates.
  using talker = createClient(Greeter, address, { tls, pool: false });
  return (await talker.bidiHello([{ name: "hello" }]).recv())?.reply;
}

/** A folder with a CA and its certificates, and a server that checks it twenty times a second. */
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
    /** The certificate that new connections receive. */
    shown: async () => (await shakeHands(server.loopback)).fingerprint,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

// Starts first, since it takes the longest.
test("`certs --renew` is picked up by a server's command that runs, by all that show a certificate", async () => {
  await using folder = await Folder.make();
  await makeCertificates(folder);
  await using server = await serveHello(folder);
  const { TLS, "mutual TLS": mutual } = server.addresses;
  const shown = () => Promise.all([TLS, mutual].map(async (address) => (await shakeHands(onLoopback(address))).fingerprint));
  const [before] = await shown();
  await makeCertificates(folder, "--renew");
  // The command checks its files every ten seconds.
  await until(async () => (await shown()).every((fingerprint) => fingerprint !== before));
  const hello = (...args: string[]) => client(["hello", "--certs", folder.path, ...args]);
  expect(await hello("--tls", "--addr", TLS)).toMatchObject({ status: 0, stderr: "" });
  expect(await hello("--mtls", "--addr", mutual)).toMatchObject({ status: 0, stderr: "" });
  expect(server.process.messages).toEqual([]);
});

test("new connections use a renewed certificate, and an open stream continues", async () => {
  await using server = await setUp();
  using talker = createClient(Greeter, server.address, { tls: server.trust });
  const chat = talker.bidiHello();
  await chat.send({ name: "before" });
  expect(await chat.recv()).toMatchObject({ reply: "before nobody" });
  for (let time = 1; time <= 3; time++) {
    const renewed = server.authority.issue();
    await server.folder.writeIdentity("server", renewed);
    await until(async () => (await server.shown()) === fingerprintOf(renewed));
    await chat.send({ name: `after ${time}` });
    expect(await chat.recv()).toMatchObject({ reply: `after ${time} nobody` });
  }
  expect(await sayOnce(server.address, server.trust)).toBe("hello nobody");
  chat.closeSend();
  expect(await chat.recv()).toBeUndefined();
  // The key was written shortly before its certificate.
  for (const { message } of server.errors) expect(message).toContain("does not belong to the certificate");
});

test("a half-written pair is not used, the old one stays in use, and this is reported once", async () => {
  await using server = await setUp();
  const renewed = server.authority.issue();
  await server.folder.write("server.pem", renewed.cert);
  await until(() => server.errors.length > 0);
  // The server checks repeatedly.
  await delay(300);
  expect(await server.shown()).toBe(fingerprintOf(server.first));
  expect(await sayOnce(server.address, server.trust)).toBe("hello nobody");
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
] as const)("a certificate that %s is not picked up, and the old one goes on until there is a better one", async (_, spoil, message) => {
  await using server = await setUp();
  await spoil(server.files.cert, server.first.cert);
  await until(() => server.errors.length > 0);
  expect(server.errors[0]?.message).toMatch(message);
  expect(await server.shown()).toBe(fingerprintOf(server.first));
  const renewed = server.authority.issue();
  await server.folder.writeIdentity("server", renewed);
  await until(async () => (await server.shown()) === fingerprintOf(renewed));
});

test("a renewed certificate that has already expired is not used", async () => {
  await using server = await setUp();
  await server.folder.writeIdentity("server", server.authority.issue({ to: -60 }));
  await until(() => server.errors.some(({ message }) => /expired on \d{4}-/.test(message)));
  expect(await server.shown()).toBe(fingerprintOf(server.first));
});

test("an expired certificate keeps open streams, prevents new connections, and can be renewed", async () => {
  await using server = await setUp();
  const lifetime = 4;
  const brief = server.authority.issue({ to: lifetime });
  const end = Date.parse(new X509Certificate(brief.cert).validTo);
  await server.folder.writeIdentity("server", brief);
  await until(async () => (await server.shown()) === fingerprintOf(brief));
  using talker = createClient(Greeter, server.address, { tls: server.trust });
  const chat = talker.bidiHello();
  await chat.send({ name: "before" });
  expect(await chat.recv()).toMatchObject({ reply: "before nobody" });
  // X.509 times have a resolution of one second.
  await delay(end + 1_100 - Date.now());
  await expect(sayOnce(server.address, server.trust)).rejects.toMatchObject({
    code: Code.UNAVAILABLE,
    message: `cannot connect to ${server.address}: the server's certificate has expired`,
  });
  await chat.send({ name: "after" });
  expect(await chat.recv()).toMatchObject({ reply: "after nobody" });
  await server.folder.writeIdentity("server", server.authority.issue());
  await until(async () => (await server.shown()) !== fingerprintOf(brief));
  expect(await sayOnce(server.address, server.trust)).toBe("hello nobody");
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
  // An existing connection stays unchanged.
  expect(await say()).toBe("I am CN=old me");
  await until(async () => {
    wire.cut();
    // The call may use the interrupted connection.
    return (await say().catch(() => undefined)) === "I am CN=new me";
  });
});

test("a channel trusts a renewed CA when it reconnects", async () => {
  await using server = await setUp();
  const successor = new Authority();
  await using wire = await record(server.loopback);
  const ca = await server.folder.write("trusted.pem", server.authority.cert);
  using channel = createChannel(wire.address.replace("127.0.0.1", "localhost"), { tls: { ca, reloadMs: 50 } });
  const talker = createClient(Greeter, channel);
  const say = async () => (await talker.bidiHello([{ name: "hello" }]).recv())?.reply;
  expect(await say()).toBe("hello nobody");
  const renewed = successor.issue();
  await server.folder.writeIdentity("server", renewed);
  await until(async () => (await server.shown()) === fingerprintOf(renewed));
  wire.cut();
  await until(async () => {
    const answer = await say().catch((error: Error) => error.message);
    return String(answer).endsWith("the server's certificate is not signed by an authority that this client trusts");
  });
  await server.folder.write("trusted.pem", successor.cert);
  await until(async () => (await say().catch(() => undefined)) === "hello nobody");
});

test("with a new CA for clients, theirs are let in, those of the old one no more, and an open stream of one goes on", async () => {
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
