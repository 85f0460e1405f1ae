// The identity of a client from its certificate, as a handler sees it.
import { X509Certificate } from "node:crypto";
import { UserService } from "@grpc-study/proto/shop";
import { type ClientCertificate, type Context, createChannel, createServer, implement, type ServerTls } from "@grpc-study/rpc";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Authority, Folder, writeSet } from "./certificates.ts";
import { answered, call, kindNames } from "./kinds.ts";

/** Disposed after the tests of this file. */
const started = new AsyncDisposableStack();

let folder: Folder;
let authority: Authority;

beforeAll(async () => {
  folder = started.use(await Folder.make());
  authority = await writeSet(folder);
});

afterAll(() => started.disposeAsync());

/** Starts a server that records the client certificate of each call. */
async function serveRecording(security?: ServerTls) {
  const seen: (ClientCertificate | undefined)[] = [];
  const record = ({ clientCertificate }: Context) => void seen.push(clientCertificate);
  const server = createServer();
  server.add(
    implement(UserService, {
      getUserScore({ users }, context) {
        record(context);
        return { users };
      },
      *getUserScoreByServerStream({ users }, context) {
        record(context);
        yield { users };
      },
      async getUserScoreByClientStream(requests, context) {
        record(context);
        return { users: (await Array.fromAsync(requests)).flatMap(({ users }) => users) };
      },
      async *getUserScoreByDoubleEndStream(requests, context) {
        record(context);
        for await (const { users } of requests) yield { users };
      },
    }),
  );
  const { address } = await server.listen("localhost:0", security);
  return { address, seen, [Symbol.asyncDispose]: async () => void (await server.shutdown({ graceMs: 0 })) };
}

const files = () => ({ cert: folder.file("server.pem"), key: folder.file("server.key"), reloadMs: 50 });

test.each(kindNames)(
  "the handler of a %s call sees the subject, the names, the issuer and the fingerprint of the certificate",
  async (kind) => {
    const sans = ["client.example", "10.0.0.1", "someone@example.com", "*.example.org"];
    const identity = authority.issue({ for: "client", subject: { CN: "小明, or not", O: "e2e", OU: "tests" }, sans });
    const own = await folder.writeIdentity(`named-${kindNames.indexOf(kind)}`, identity);
    await using server = await serveRecording({ ...files(), clientCa: folder.file("ca.pem") });
    using channel = createChannel(server.address, { tls: { ca: folder.file("ca.pem"), ...own } });
    expect(await call(channel, kind)).toEqual(answered);
    const [certificate] = server.seen;
    expect(certificate).toMatchObject({
      subject: expect.stringMatching(/^CN=.*, O=e2e, OU=tests$/),
      subjectAltNames: sans,
      issuer: expect.stringMatching(/^CN=e2e CA [0-9a-f]{8}$/),
      fingerprint256: new X509Certificate(identity.cert).fingerprint256,
    });
  },
);

test("two clients on two connections have different identities", async () => {
  await using server = await serveRecording({ ...files(), clientCa: folder.file("ca.pem") });
  for (const name of ["alice", "bob"]) {
    const own = await folder.writeIdentity(name, authority.issue({ for: "client", subject: { CN: name } }));
    using channel = createChannel(server.address, { tls: { ca: folder.file("ca.pem"), ...own } });
    await call(channel, "unary");
    await call(channel, "unary");
  }
  expect(server.seen.map((certificate) => certificate?.subject)).toEqual(["CN=alice", "CN=alice", "CN=bob", "CN=bob"]);
});

test("without mutual TLS there is no identity, even if the client has a certificate", async () => {
  const own = { cert: folder.file("client.pem"), key: folder.file("client.key") };
  await using plain = await serveRecording();
  using plainChannel = createChannel(plain.address);
  await call(plainChannel, "unary");
  await using tls = await serveRecording(files());
  using tlsChannel = createChannel(tls.address, { tls: { ca: folder.file("ca.pem"), ...own } });
  await call(tlsChannel, "unary");
  expect([...plain.seen, ...tls.seen]).toEqual([undefined, undefined]);
});
