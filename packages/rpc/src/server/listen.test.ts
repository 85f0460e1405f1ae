// Listening addresses, and the errors if the server cannot listen.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { TestService } from "../../test/gen/test_pb.js";
import { connect, failureOf } from "../../test/harness.ts";
import { frame, Peer } from "../../test/http2-peer.ts";
import { createServer, implement, ListenError } from "../index.ts";

function occupy(host: string, port = 0): Promise<number> {
  const server = net.createServer();
  onTestFinished(() => {
    server.close();
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(port, host, () => resolve((server.address() as net.AddressInfo).port));
  });
}

test("localhost listens on the loopback addresses of both families", async () => {
  const server = createServer();
  server.add(implement(TestService, { unary: () => ({ text: "here" }) }));
  onTestFinished(() => void server.shutdown());
  const { address, host, port } = await server.listen("localhost:0");
  expect({ address, host }).toEqual({ address: `localhost:${port}`, host: "localhost" });
  expect((await connect(`127.0.0.1:${port}`).unary({})).text).toBe("here");
  expect((await connect(`[::1]:${port}`).unary({})).text).toBe("here");
});

test("an address in use is an error that names it", async () => {
  const port = await occupy("127.0.0.1");
  const server = createServer();
  onTestFinished(() => void server.shutdown());
  const error = await failureOf(server.listen(`127.0.0.1:${port}`));
  expect(error).toBeInstanceOf(ListenError);
  expect(error).toMatchObject({ code: "EADDRINUSE", message: `cannot listen on 127.0.0.1:${port}: the address is already in use` });
});

test("localhost is in use if one of its addresses is, and the other stays free", async () => {
  const port = await occupy("::1");
  const server = createServer();
  onTestFinished(() => void server.shutdown());
  expect(await failureOf(server.listen(`localhost:${port}`))).toMatchObject({ code: "EADDRINUSE" });
  await expect(occupy("127.0.0.1", port)).resolves.toBe(port);
});

test.each(["localhost", "localhost:", "localhost:70000", "::1:80", ":80", ""])("%j is not an address", async (address) => {
  expect(await failureOf(createServer().listen(address))).toMatchObject({
    message: `"${address}" is not an address of the form host:port or unix:path`,
  });
});

test("an unknown host is an error that names it", async () => {
  const error = await failureOf(createServer().listen("nosuch.invalid:0"));
  expect(error).toMatchObject({ code: "ENOTFOUND", message: "cannot listen on nosuch.invalid:0: no such host" });
});

test("an IPv6 peer has brackets", async () => {
  const server = createServer();
  server.add(implement(TestService, { unary: (_request, { peer }) => ({ text: peer }) }));
  onTestFinished(() => void server.shutdown());
  const { address } = await server.listen("[::1]:0");
  expect((await connect(address).unary({})).text).toMatch(/^\[::1\]:\d+$/);
});

test.each(["unix:", "unix://"])("%s with a path listens on a Unix domain socket, which is removed at shutdown", async (scheme) => {
  const folder = mkdtempSync(join(tmpdir(), "grpc-study-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "a.sock");
  const server = createServer();
  server.add(implement(TestService, { unary: (_request, { peer }) => ({ text: peer }) }));
  const bound = await server.listen(`${scheme}${path}`);
  expect(bound).toEqual({ address: `unix:${path}`, host: "", port: 0 });
  const call = new Peer(bound.address).call("Unary");
  call.stream.end(frame());
  expect(await call.status()).toBe(0);
  await server.shutdown();
  expect(existsSync(path)).toBe(false);
});

test("a socket in a missing folder, or in use, is an error that names it", async () => {
  const server = createServer();
  onTestFinished(() => void server.shutdown());
  const long = await failureOf(server.listen(`unix:/${"ä".repeat(100)}`));
  expect(long).toMatchObject({
    code: "EINVAL",
    message: expect.stringMatching(
      /^cannot listen on unix:.*: the path has 201 bytes, and the system takes about 100: choose a shorter one$/,
    ),
  });
  const missing = await failureOf(server.listen("unix:/no/such/folder/a.sock"));
  expect(missing).toBeInstanceOf(ListenError);
  expect(missing).toMatchObject({
    message: "cannot listen on unix:/no/such/folder/a.sock: permission denied, or its folder does not exist",
  });
  const folder = mkdtempSync(join(tmpdir(), "grpc-study-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const address = `unix:${join(folder, "a.sock")}`;
  await server.listen(address);
  expect(await failureOf(createServer().listen(address))).toMatchObject({ code: "EADDRINUSE" });
});
