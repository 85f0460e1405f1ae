// Every --security value × every client, valid or not, × every call kind: our library in the test,
// our server's command as a process.
import { type ClientTls, Code, createChannel, RpcError } from "@grpc-study/rpc";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { client as runClient } from "../harness/client.ts";
import type { ServerProcess } from "../harness/server.ts";
import { Authority, Folder, writeSet } from "./certificates.ts";
import { answered, type Credentials, call, kindNames } from "./kinds.ts";
import { type Security, securities, serveSecurely } from "./servers.ts";

const right: Credentials = { user: "xiaoming", token: "a right token" };
const wrong: Credentials = { user: "xiaoming", token: "a wrong token" };

interface Protection {
  readonly tls?: ClientTls;
  readonly credentials?: Credentials;
}

const outcomes = {
  /** The call succeeds. */
  answer: undefined,
  needsTls: [Code.UNAVAILABLE, /: the server closed the connection during the handshake: does it expect TLS\?$/],
  speaksNoTls: [Code.UNAVAILABLE, /: the server does not speak TLS$/],
  needsCertificate: [Code.UNAVAILABLE, /: the server requires a client certificate$/],
  // Node's server closes the connection after the handshake, without an alert.
  unknownClientCa: [Code.UNAVAILABLE, /: the server closed the connection during the handshake: does it trust this client's certificate/],
  unknownServerCa: [Code.UNAVAILABLE, /: the server's certificate is not signed by an authority that this client trusts$/],
  otherName: [
    Code.UNAVAILABLE,
    /: the server's certificate is not for elsewhere\.example, but for DNS:localhost, IP Address:127\.0\.0\.1$/,
  ],
  noToken: [Code.UNAUTHENTICATED, /^未传输Token$/],
  wrongToken: [Code.UNAUTHENTICATED, /^Token 不正确$/],
} as const satisfies Record<string, undefined | readonly [Code, RegExp]>;

type Outcome = keyof typeof outcomes;

/** The outcome of each client at each server, in the order of `securities`. */
const table: readonly (readonly [client: string, ...outcomes: readonly Outcome[]])[] = [
  // client                                plain          tls                mtls                token          token+tls
  ["plaintext", "answer", "needsTls", "needsTls", "noToken", "needsTls"],
  ["TLS", "speaksNoTls", "answer", "needsCertificate", "speaksNoTls", "noToken"],
  ["mutual TLS", "speaksNoTls", "answer", "answer", "speaksNoTls", "noToken"],
  ["the token", "answer", "needsTls", "needsTls", "answer", "needsTls"],
  ["the token over TLS", "speaksNoTls", "answer", "needsCertificate", "speaksNoTls", "answer"],
  ["a wrong token", "answer", "needsTls", "needsTls", "wrongToken", "needsTls"],
  ["a wrong token over TLS", "speaksNoTls", "answer", "needsCertificate", "speaksNoTls", "wrongToken"],
  ["a certificate of another CA", "speaksNoTls", "answer", "unknownClientCa", "speaksNoTls", "noToken"],
  ["TLS and another CA", "speaksNoTls", "unknownServerCa", "unknownServerCa", "speaksNoTls", "unknownServerCa"],
  ["TLS and another server's name", "speaksNoTls", "otherName", "otherName", "speaksNoTls", "otherName"],
];

/** Disposed after the tests of this file. */
const started = new AsyncDisposableStack();

let folder: Folder;
let clients: Readonly<Record<string, Protection>>;
const servers = new Map<Security, ServerProcess>();

beforeAll(async () => {
  folder = started.use(await Folder.make());
  await writeSet(folder);
  const otherAuthority = new Authority();
  const ca = folder.file("ca.pem");
  const own = { cert: folder.file("client.pem"), key: folder.file("client.key") };
  const otherCerts = await folder.writeIdentity("strange", otherAuthority.issue({ for: "client" }));
  clients = {
    plaintext: {},
    TLS: { tls: { ca } },
    "mutual TLS": { tls: { ca, ...own } },
    "the token": { credentials: right },
    "the token over TLS": { tls: { ca }, credentials: right },
    "a wrong token": { credentials: wrong },
    "a wrong token over TLS": { tls: { ca }, credentials: wrong },
    "a certificate of another CA": { tls: { ca, ...otherCerts } },
    "TLS and another CA": { tls: { ca: await folder.write("strange-ca.pem", otherAuthority.cert), ...own } },
    "TLS and another server's name": { tls: { ca, ...own, serverName: "elsewhere.example" } },
  };
  const users = await folder.write("users.json", JSON.stringify([right]));
  await Promise.all(
    securities.map(async (security) => {
      servers.set(security, started.use(await serveSecurely("shop", security, folder, "--users", users)));
    }),
  );
});

afterAll(async () => {
  // A rejected client is not an error of the server.
  const entries = [...servers.values()].flatMap((server) => server.faults);
  await started.disposeAsync();
  expect(entries).toEqual([]);
});

function addressOf(security: Security): string {
  const server = servers.get(security);
  if (server === undefined) throw new Error(`no server with --security ${security}`);
  return server.address;
}

describe.each(securities.map((security, index) => ({ security, index })))("a server with --security $security", ({ security, index }) => {
  for (const [name, ...row] of table) {
    const outcome = row[index] as Outcome;
    const expected = outcomes[outcome];

    test.each(kindNames)(`${expected ? "rejects" : "serves"} a client with ${name}: %s (${outcome})`, async (kind) => {
      const { tls, credentials } = clients[name] as Protection;
      using channel = createChannel(addressOf(security), tls && { tls });
      const called = call(channel, kind, credentials);
      if (expected === undefined) return expect(await called).toEqual(answered);
      const error = await called.catch((error: unknown) => error);
      if (!(error instanceof RpcError)) throw new Error(`expected an RpcError, got ${error}`);
      expect([Code[error.code], error.message]).toEqual([Code[expected[0]], expect.stringMatching(expected[1])]);
    });
  }
});

test.each([
  ["plain", []],
  ["tls", ["--tls"]],
  ["mtls", ["--mtls"]],
  ["token", ["--user", right.user ?? "", "--token", right.token]],
  ["token+tls", ["--tls", "--user", right.user ?? "", "--token", right.token, "--require-transport-security"]],
] as const)("the client's command with the right options works with --security %s, and prints no warning", async (security, args) => {
  const scores = await runClient(["shop", "scores", "--certs", folder.path, ...args, "--addr", addressOf(security)]);
  expect(scores).toEqual({ status: 0, stdout: expect.stringMatching(/user_id:1 user_score:\d+/), stderr: "" });
});
