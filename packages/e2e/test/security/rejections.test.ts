// Our commands when a connection or a call is rejected: status 1, an empty stdout, and one line on
// stderr that names the cause. Only a peer that stays silent causes the connect timeout, which has
// its own message.
import { afterAll, beforeAll, expect, test } from "vitest";
import { client, startClient } from "../harness/client.ts";
import { serverMain } from "../harness/paths.ts";
import { listenTcp } from "../harness/ports.ts";
import { run } from "../harness/process.ts";
import { Authority, Folder } from "./certificates.ts";
import { listenTls } from "./foreign.ts";
import { type HelloServer, makeCertificates, serveHello } from "./servers.ts";

const greeting = { status: 0, stdout: "Message send by SayHello server :Hello XiaoMing\n", stderr: "" };

const line = (label: string, address: string, cause: string) => ({
  status: 1,
  stdout: "",
  stderr: `${label}cannot connect to ${address}: ${cause}\n`,
});
const unavailable = (address: string, cause: string) => line("UNAVAILABLE: ", address, cause);
const failed = (message: string) => ({ status: 1, stdout: "", stderr: `error: ${message}\n` });

const untrusted = "the server's certificate is not signed by an authority that this client trusts";
const closed = "the server closed the connection during the handshake: does it trust this client's certificate, if it asks for one?";

/** Disposed after the tests of this file. */
const started = new AsyncDisposableStack();

/** The certificates that our server creates. */
let certs: Folder;
/** Certificates of another authority. */
let otherCerts: Folder;
let otherAuthority: Authority;
let server: HelloServer;

beforeAll(async () => {
  certs = started.use(await Folder.make());
  otherCerts = started.use(await Folder.make());
  otherAuthority = new Authority();
  await otherCerts.write("ca.pem", otherAuthority.cert);
  await otherCerts.writeIdentity("client", otherAuthority.issue({ for: "client" }));
  await otherCerts.writeIdentity("server", otherAuthority.issue());
  await otherCerts.writeIdentity("expired", otherAuthority.issue({ for: "client", to: -60 }));
  await makeCertificates(certs);
  server = started.use(await serveHello(certs));
});

afterAll(() => started.disposeAsync());

const hello = (address: string, ...args: string[]) => client(["hello", "--certs", certs.path, ...args, "--addr", address]);

test.each([
  ["plaintext", []],
  ["TLS", ["--tls"]],
  ["mutual TLS", ["--mtls"]],
  ["token", ["--user", "xiaoming", "--token", "123321123"]],
] as const)("the server greets the tutorial's client over %s", async (security, args) => {
  expect(await hello(server.addresses[security], ...args)).toEqual(greeting);
});

// Node warns on stderr about an IP address as a TLS server name, unless the warning is disabled.
test.each(["127.0.0.1", "[::1]"])("over TLS, an --addr with %s works like a name, without a warning on stderr", async (host) => {
  for (const security of ["TLS", "mutual TLS"] as const) {
    expect(await hello(server.addresses[security].replace("localhost", host), "--mtls")).toEqual(greeting);
  }
});

test.each(["grpcstudy.com", "www.grpcstudy.com"])("the server's certificate is for %s", async (name) => {
  expect(await hello(server.addresses.TLS, "--server-name", name)).toEqual(greeting);
});

test.each(["evil.example", "grpcstudy.com.evil.example", "a.b.grpcstudy.com"])("the server's certificate is not for %s", async (name) => {
  const { status, stdout, stderr } = await hello(server.addresses.TLS, "--server-name", name);
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(/^UNAVAILABLE: cannot connect to localhost:\d+: the server's certificate is not for (\S+), but for [^\n]+\n$/);
  expect(stderr).toContain(`is not for ${name}, but for DNS:grpcstudy.com`);
});

test("the server's certificate is not for 10.0.0.1", async () => {
  const { TLS: address } = server.addresses;
  const answer = await hello(address, "--server-name", "10.0.0.1");
  expect(answer).toEqual(unavailable(address, "the server's certificate is not for 10.0.0.1, but for 127.0.0.1, ::1"));
});

test("plaintext to TLS", async () => {
  const cause = "the server closed the connection during the handshake: does it expect TLS?";
  for (const address of [server.addresses.TLS, server.addresses["mutual TLS"]])
    expect(await hello(address)).toEqual(unavailable(address, cause));
});

test("TLS to plaintext", async () => {
  for (const address of [server.addresses.plaintext, server.addresses.token]) {
    expect(await hello(address, "--tls")).toEqual(unavailable(address, "the server does not speak TLS"));
  }
});

test("no client certificate", async () => {
  const address = server.addresses["mutual TLS"];
  expect(await hello(address, "--tls")).toEqual(unavailable(address, "the server requires a client certificate"));
});

test("a client certificate of another CA", async () => {
  const address = server.addresses["mutual TLS"];
  const args = ["--cert", otherCerts.file("client.pem"), "--key", otherCerts.file("client.key")];
  expect(await hello(address, ...args)).toEqual(unavailable(address, closed));
});

test("a server certificate used as a client certificate", async () => {
  const address = server.addresses["mutual TLS"];
  const args = ["--cert", certs.file("server.pem"), "--key", certs.file("server.key")];
  expect(await hello(address, ...args)).toEqual(unavailable(address, closed));
});

test("a CA that the client does not know", async () => {
  const { TLS: address, "mutual TLS": mutual } = server.addresses;
  expect(await hello(address, "--ca", otherCerts.file("ca.pem"))).toEqual(unavailable(address, untrusted));
  expect(await hello(mutual, "--mtls", "--ca", otherCerts.file("ca.pem"))).toEqual(unavailable(mutual, untrusted));
});

test.each([
  ["has expired", { to: -60 }],
  ["is not valid yet", { from: 600 }],
] as const)("a server's certificate that %s", async (cause, validity) => {
  await using listener = await listenTls({ ...otherAuthority.issue(validity), ALPNProtocols: ["h2"] });
  const address = `localhost:${listener.port}`;
  const answer = await hello(address, "--ca", otherCerts.file("ca.pem"));
  expect(answer).toEqual(unavailable(address, `the server's certificate ${cause}`));
});

test("an expired client certificate is rejected before the client connects", async () => {
  const [cert, key] = [otherCerts.file("expired.pem"), otherCerts.file("expired.key")];
  const { status, stdout, stderr } = await hello(server.addresses["mutual TLS"], "--cert", cert, "--key", key);
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(/^error: the certificate in \S+expired\.pem expired on \d{4}-\S+Z\n$/);
});

test("a client's key that does not match", async () => {
  const [cert, key] = [otherCerts.file("client.pem"), otherCerts.file("server.key")];
  const answer = await hello(server.addresses["mutual TLS"], "--cert", cert, "--key", key);
  expect(answer).toEqual(failed(`the key in ${key} does not belong to the certificate in ${cert}`));
});

test("client files that do not exist or are not PEM", async () => {
  const { TLS: address } = server.addresses;
  expect(await hello(address, "--ca", "/no/such.pem")).toEqual(failed("cannot read /no/such.pem: there is no such file"));
  expect(await hello(address, "--ca", certs.file("server.key"))).toEqual(failed(`${certs.file("server.key")} is not a PEM certificate`));
});

const serveHelloWith = (...args: string[]) =>
  run(process.execPath, [serverMain, "hello", "--port", "0", "--security", "mtls", "--certs", certs.path, ...args]);

test("a server does not start with a key that does not match its certificate", async () => {
  const [cert, key] = [otherCerts.file("server.pem"), otherCerts.file("client.key")];
  const answer = await serveHelloWith("--tls-cert", cert, "--tls-key", key);
  expect(answer).toEqual(failed(`topic hello: the key in ${key} does not belong to the certificate in ${cert}`));
});

test("a server does not start with an expired certificate", async () => {
  const { status, stdout, stderr } = await serveHelloWith(
    "--tls-cert",
    otherCerts.file("expired.pem"),
    "--tls-key",
    otherCerts.file("expired.key"),
  );
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(/^error: topic hello: the certificate in \S+expired\.pem expired on \d{4}-\S+Z\n$/);
});

test("a peer that accepts the connection and stays silent ends with the connect timeout", async () => {
  await using silent = await listenTcp(() => {});
  const address = `127.0.0.1:${silent.port}`;
  for (const args of [["--tls"], ["--mtls", "--token", "x"]]) {
    expect(await hello(address, ...args, "--connect-timeout", "200ms")).toEqual({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(`^UNAVAILABLE: no connection to ${address} within 200 ms, waiting for the .+\n$`),
    });
  }
});

test("a peer that speaks TLS and then stays silent ends with the connect timeout", async () => {
  await using silent = await listenTls({ ...otherAuthority.issue(), ALPNProtocols: ["h2"] });
  const address = `127.0.0.1:${silent.port}`;
  expect(await hello(address, "--ca", otherCerts.file("ca.pem"), "--connect-timeout", "500ms")).toEqual({
    status: 1,
    stdout: "",
    stderr: expect.stringMatching(`^UNAVAILABLE: no connection to ${address} within 500 ms, waiting for the .+\n$`),
  });
});

test("a peer that speaks HTTP/1.1 over TLS is reported on one line", async () => {
  await using web = await listenTls(otherAuthority.issue(), (socket) =>
    socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
  );
  const { status, stdout, stderr } = await hello(`localhost:${web.port}`, "--ca", otherCerts.file("ca.pem"));
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(/^UNAVAILABLE: cannot connect to localhost:\d+: [^\n]+\n$/);
});

test("Ctrl-C ends a client whose handshake hangs", async () => {
  await using silent = await listenTcp((socket) => socket.once("data", () => waiting.kill("SIGINT")));
  await using waiting = startClient(["hello", "--certs", certs.path, "--tls", "--addr", `127.0.0.1:${silent.port}`], { input: "" });
  expect((await waiting.exit).status).toBe(130);
});

test("a missing or wrong token is reported on one line", async () => {
  const { token: address } = server.addresses;
  const unauthenticated = (message: string) => ({ status: 1, stdout: "", stderr: `UNAUTHENTICATED: ${message}\n` });
  expect(await hello(address)).toEqual(unauthenticated("未传输Token"));
  expect(await hello(address, "--user", "xiaoming", "--token", "wrong")).toEqual(unauthenticated("Token 不正确"));
  expect(await hello(address, "--user", "somebody", "--token", "123321123")).toEqual(unauthenticated("Token 不正确"));
});
