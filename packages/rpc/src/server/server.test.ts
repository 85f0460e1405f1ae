import * as net from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { TestService } from "../../test/gen/test_pb.js";
import { connect, everyKind, failureOf, kindNames, kinds, start, startServer, until } from "../../test/harness.ts";
import { Code, createClient, createServer, implement, ListenError } from "../index.ts";
import { Health } from "../services/health/index.ts";

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

test("localhost is in use if one of its addresses is, and neither is taken then", async () => {
  const port = await occupy("::1");
  const server = createServer();
  onTestFinished(() => void server.shutdown());
  expect(await failureOf(server.listen(`localhost:${port}`))).toMatchObject({ code: "EADDRINUSE" });
  await expect(occupy("127.0.0.1", port)).resolves.toBe(port);
});

test.each(["localhost", "localhost:", "localhost:70000", "::1:80", ":80", ""])("%j is no address", async (address) => {
  expect(await failureOf(createServer().listen(address))).toMatchObject({
    message: `"${address}" is not an address of the form host:port`,
  });
});

test("a host that does not exist is an error that names it", async () => {
  const error = await failureOf(createServer().listen("nosuch.invalid:0"));
  expect(error).toMatchObject({ code: "ENOTFOUND", message: "cannot listen on nosuch.invalid:0: no such host" });
});

test("an IPv6 peer stands in brackets", async () => {
  const server = createServer();
  server.add(implement(TestService, { unary: (_request, { peer }) => ({ text: peer }) }));
  onTestFinished(() => void server.shutdown());
  const { address } = await server.listen("[::1]:0");
  expect((await connect(address).unary({})).text).toMatch(/^\[::1\]:\d+$/);
});

test("a service that is there already cannot be added again", async () => {
  const server = createServer();
  server.add(implement(TestService, {}));
  expect(() => server.add(implement(TestService, {}))).toThrow("/test.v1.TestService/");
});

test("shutdown tells watchers NOT_SERVING, lets running calls finish, and takes no new ones", async () => {
  let finish: (text: string) => void = () => {};
  const { server, address, client } = await start({ unary: () => new Promise((resolve) => (finish = (text) => resolve({ text }))) });
  const health = createClient(Health, address);
  onTestFinished(() => health[Symbol.dispose]());
  const watch = health.watch({ service: "test.v1.TestService" });
  expect(await watch.recv()).toMatchObject({ status: 1 });
  const running = client.unary({});
  await until(() => finish.length === 1);

  const report = server.shutdown({ graceMs: 5_000 });
  expect(await watch.recv()).toMatchObject({ status: 2 });
  expect(await failureOf(watch.recv())).toMatchObject({ code: Code.UNAVAILABLE });
  expect(await failureOf(connect(address).unary({}))).toMatchObject({ code: Code.UNAVAILABLE });
  finish("done");
  expect((await running).text).toBe("done");
  expect(await report).toEqual({ cut: [] });
});

test.each(kindNames)("%s: a call that goes on past the grace period is aborted, and reported", async (kind) => {
  let started = false;
  const { server, client } = await start(
    everyKind(({ signal }) => {
      started = true;
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    }),
  );
  const failure = failureOf(kinds[kind](client, ""));
  await until(() => started);
  const { cut } = await server.shutdown({ graceMs: 20 });
  expect(await failure).toMatchObject({ code: Code.UNAVAILABLE, message: "the server is shutting down" });
  expect(cut).toMatchObject([{ how: "aborted", peer: expect.stringContaining("127.0.0.1:") }]);
});

test.each(kindNames)("%s: a call that is deaf to its signal is forced to end, and reported", async (kind) => {
  let started = false;
  const { server, client } = await start(
    everyKind(() => {
      started = true;
      return new Promise<never>(() => {});
    }),
  );
  const failure = failureOf(kinds[kind](client, ""));
  await until(() => started);
  const { cut } = await server.shutdown({ graceMs: 20, abortMs: 20 });
  expect(await failure).toMatchObject({ code: Code.UNAVAILABLE });
  expect(cut).toMatchObject([{ how: "forced" }]);
});

test("a bidirectional handler that only reads ends by itself when it is told to stop", async () => {
  const { server, client } = await start({
    async *bidiStream(requests) {
      for await (const { text } of requests) yield { text };
    },
  });
  const call = client.bidiStream();
  await call.send({ text: "a" });
  expect(await call.recv()).toMatchObject({ text: "a" });
  const { cut } = await server.shutdown({ graceMs: 20 });
  expect(cut).toMatchObject([{ how: "aborted" }]);
  expect(await failureOf(call.recv())).toMatchObject({ code: Code.UNAVAILABLE });
});

test("a second shutdown shares the first one's outcome", async () => {
  const { server } = await startServer({});
  expect(server.shutdown()).toBe(server.shutdown());
});

test("a message over the limit is RESOURCE_EXHAUSTED, in both directions", async () => {
  const { client } = await start({ unary: ({ count }) => ({ data: new Uint8Array(count) }) });
  const size = 4 * 2 ** 20 + 1;
  expect(await failureOf(client.unary({ data: new Uint8Array(size) }))).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
  expect(await failureOf(client.unary({ count: size }))).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
});
