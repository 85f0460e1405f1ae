// TLS versions: at least 1.2 on both sides.
import { afterAll, beforeAll, expect, test } from "vitest";
import { client } from "../harness/client.ts";
import type { ServerProcess } from "../harness/server.ts";
import { type Authority, Folder, writeSet } from "./certificates.ts";
import { listenTls } from "./foreign.ts";
import { shakeHands } from "./handshake.ts";
import { onLoopback, serveSecurely } from "./servers.ts";

/** OpenSSL offers older versions only at security level 0. */
const anything = { minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" } as const;

/** Disposed after the tests of this file. */
const started = new AsyncDisposableStack();

let folder: Folder;
let authority: Authority;
let server: ServerProcess;

beforeAll(async () => {
  folder = started.use(await Folder.make());
  authority = await writeSet(folder);
  server = started.use(await serveSecurely("hello", "tls", folder));
});

afterAll(() => started.disposeAsync());

test.each(["TLSv1.2", "TLSv1.3"] as const)("our server supports %s, with HTTP/2 over it", async (maxVersion) => {
  const handshake = await shakeHands(onLoopback(server.address), { ...anything, maxVersion });
  expect(handshake).toMatchObject({ protocol: maxVersion, alpn: "h2" });
});

test.each(["TLSv1", "TLSv1.1"] as const)("our server rejects %s", async (maxVersion) => {
  const handshake = shakeHands(onLoopback(server.address), { ...anything, maxVersion });
  await expect(handshake).rejects.toMatchObject({ code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION" });
});

test("our client rejects a server with only TLS 1.1, and reports it on one line", async () => {
  await using old = await listenTls({ ...authority.issue(), ...anything, maxVersion: "TLSv1.1", ALPNProtocols: ["h2"] });
  const address = `localhost:${old.port}`;
  expect(await client(["hello", "--tls", "--certs", folder.path, "--addr", address])).toEqual({
    status: 1,
    stdout: "",
    stderr: `UNAVAILABLE: cannot connect to ${address}: the server and this client have no TLS version in common\n`,
  });
});
