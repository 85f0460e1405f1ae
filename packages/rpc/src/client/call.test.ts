import * as net from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { TestService } from "../../test/gen/test_pb.js";
import { connect, everyKind, failureOf, kindNames, kinds, start, until } from "../../test/harness.ts";
import { peerServer } from "../../test/http2-peer.ts";
import { Code, createChannel, createClient, createServer, implement, RpcError } from "../index.ts";

const hang = everyKind(() => new Promise<never>(() => {}));

/** A peer that accepts connections and never sends anything. */
async function silentPeer(): Promise<string> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}

test.each(kindNames)("%s: a call to a silent peer fails with UNAVAILABLE after the connect timeout", async (kind) => {
  const address = await silentPeer();
  const client = connect(address, { connectTimeoutMs: 80 });
  const error = await failureOf(kinds[kind](client, ""));
  expect(error).toMatchObject({
    code: Code.UNAVAILABLE,
    message: `no connection to ${address} within 80 ms, waiting for the server's HTTP/2 SETTINGS`,
  });
});

test("connectTimeoutMs does not limit a slow response on an established connection", async () => {
  const { address } = await start({
    unary: async () => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      return { text: "late" };
    },
  });
  expect((await connect(address, { connectTimeoutMs: 60 }).unary({})).text).toBe("late");
});

test("connect() resolves once a connection is ready, and rejects if connecting fails", async () => {
  const { address } = await start({});
  using channel = createChannel(address);
  await channel.connect();
  using silent = createChannel(await silentPeer(), { connectTimeoutMs: 50 });
  expect(await failureOf(silent.connect())).toMatchObject({ code: Code.UNAVAILABLE });
  using refused = createChannel("127.0.0.1:1", { connectTimeoutMs: 500 });
  expect(await failureOf(refused.connect())).toMatchObject({
    code: Code.UNAVAILABLE,
    message: "cannot connect to 127.0.0.1:1: connection refused: nothing listens there",
  });
});

test.each(kindNames)("%s: a call to a port without a listener fails with UNAVAILABLE", async (kind) => {
  expect(await failureOf(kinds[kind](connect("127.0.0.1:1"), ""))).toMatchObject({
    code: Code.UNAVAILABLE,
    message: "cannot connect to 127.0.0.1:1: connection refused: nothing listens there",
  });
});

test("a call to an unknown host fails with UNAVAILABLE and names the host", async () => {
  expect(await failureOf(connect("nosuch.invalid:1").unary({}))).toMatchObject({
    code: Code.UNAVAILABLE,
    message: "cannot connect to nosuch.invalid:1: no such host",
  });
});

test("a call to a peer that closes the connection at once fails with UNAVAILABLE", async () => {
  const server = net.createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  expect(await failureOf(connect(address).unary({}))).toMatchObject({
    code: Code.UNAVAILABLE,
    message: `cannot connect to ${address}: the server closed the connection during the handshake: does it expect TLS?`,
  });
});

test.each(kindNames)("%s: a deadline may be a Date, and the earlier of deadline and timeoutMs applies", async (kind) => {
  const { client } = await start(hang);
  const options = { deadline: new Date(Date.now() + 50), timeoutMs: 60_000 };
  expect(await failureOf(kinds[kind](client, "", options))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
});

test.each(kindNames)("%s: a call with an aborted signal is not sent", async (kind) => {
  const handler = vi.fn(async () => "");
  const { client } = await start(everyKind(handler));
  const error = await failureOf(kinds[kind](client, "", { signal: AbortSignal.abort(new Error("why")) }));
  expect(error).toMatchObject({ code: Code.CANCELLED, cause: new Error("why") });
  expect(handler).not.toHaveBeenCalled();
});

test("AbortSignal.timeout() ends a call with DEADLINE_EXCEEDED", async () => {
  const { client } = await start(hang);
  expect(await failureOf(client.unary({}, { signal: AbortSignal.timeout(40) }))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
});

test("calls remove their listeners from a signal that outlives them", async () => {
  const { client } = await start({ unary: () => ({}) });
  const { signal } = new AbortController();
  const added = vi.spyOn(signal, "addEventListener");
  const removed = vi.spyOn(signal, "removeEventListener");
  for (let n = 0; n < 3; n++) await client.unary({}, { signal });
  expect(added).toHaveBeenCalledTimes(3);
  expect(removed).toHaveBeenCalledTimes(3);
});

test.each(["serverStream", "bidiStream"] as const)("%s: exiting a for await loop early cancels the call", async (kind) => {
  let reason: unknown;
  const endless = async function* (_: unknown, { signal }: { signal: AbortSignal }) {
    yield { text: "first" };
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    reason = signal.reason;
  };
  const { client } = await start({ serverStream: endless, bidiStream: endless });
  for await (const { text } of kind === "serverStream" ? client.serverStream({}) : client.bidiStream([])) {
    expect(text).toBe("first");
    break;
  }
  await until(() => reason !== undefined);
  expect(reason).toMatchObject({ code: Code.CANCELLED });
});

test("send(), recv() and closeSend() alternate as in Go", async () => {
  const { client } = await start({
    async *bidiStream(requests) {
      for await (const { text } of requests) yield { text: text.toUpperCase() };
    },
  });
  const call = client.bidiStream();
  for (const text of ["a", "b"]) {
    expect(await call.send({ text })).toBe(true);
    expect((await call.recv())?.text).toBe(text.toUpperCase());
  }
  call.closeSend();
  expect(await call.recv()).toBeUndefined();
  expect(await call.recv()).toBeUndefined();
  expect(() => call.send({})).toThrow("send() after closeSend()");
});

test("send() resolves to false once the call has ended, and recv() rejects with the reason", async () => {
  const { client } = await start({
    // biome-ignore lint/correctness/useYield: it throws before its first response
    async *bidiStream() {
      throw new RpcError(Code.RESOURCE_EXHAUSTED, "enough");
    },
  });
  const call = client.bidiStream();
  const error = await failureOf(call.recv());
  expect(error).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
  expect(await call.send({ text: "x" })).toBe(false);
  expect(await failureOf(call.recv())).toBe(error);
});

test("send() with a request that cannot be encoded ends the call without an unhandled rejection", async () => {
  const { client } = await start(hang);
  const call = client.bidiStream();
  expect(await call.send({ count: 2 ** 40 })).toBe(false);
  expect(await failureOf(call.recv())).toMatchObject({ code: Code.INVALID_ARGUMENT });
});

test("1,000 requests sent without waiting arrive in order", async () => {
  const { client } = await start({
    async *bidiStream(requests) {
      for await (const { count } of requests) yield { count };
    },
  });
  const call = client.bidiStream();
  for (let count = 0; count < 1_000; count++) call.send({ count });
  call.closeSend();
  expect((await Array.fromAsync(call)).map(({ count }) => count)).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
});

test("closeAndRecv() ends a client stream", async () => {
  const { client } = await start({
    async clientStream(requests) {
      return { count: (await Array.fromAsync(requests)).length };
    },
  });
  const call = client.clientStream();
  await call.send({});
  await call.send({});
  expect((await call.closeAndRecv()).count).toBe(2);
});

test.each(["clientStream", "bidiStream"] as const)(
  "%s: an error in the request iterable cancels the call and reaches the caller",
  async (kind) => {
    let reason: unknown;
    const begun = Promise.withResolvers<void>();
    const read = async (requests: AsyncIterable<unknown>) => {
      try {
        for await (const _ of requests) begun.resolve();
      } catch (error) {
        reason = error;
      }
      return {};
    };
    const { client } = await start({
      clientStream: read,
      async *bidiStream(requests) {
        yield await read(requests);
      },
    });
    const fault = new Error("my own");
    async function* requests() {
      yield {};
      await begun.promise;
      throw fault;
    }
    const failure = kind === "clientStream" ? client.clientStream(requests()) : client.bidiStream(requests()).recv();
    expect(await failureOf(failure)).toBe(fault);
    await until(() => reason !== undefined);
    expect(reason).toMatchObject({ code: Code.CANCELLED });
  },
);

test("the request iterable is closed if the server responds before its end", async () => {
  let closed = false;
  const { client } = await start({ clientStream: () => ({ text: "enough" }) });
  function* requests() {
    try {
      for (;;) yield { data: new Uint8Array(10_000) };
    } finally {
      closed = true;
    }
  }
  expect((await client.clientStream(requests())).text).toBe("enough");
  await until(() => closed);
});

test.each(kindNames)("%s: a request that cannot be encoded fails with INVALID_ARGUMENT and names field and value", async (kind) => {
  const { client } = await start(everyKind(() => ""));
  const bad = { count: 2 ** 40 };
  const failure = {
    unary: () => client.unary(bad),
    serverStream: () => client.serverStream(bad).recv(),
    clientStream: () => client.clientStream([bad]),
    bidiStream: () => client.bidiStream([bad]).recv(),
  }[kind]();
  const error = await failureOf(failure);
  expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT });
  expect((error as Error).message).toMatch(/test\.v1\.Request.*count.*1099511627776/);
});

test("a call on a closed channel fails with CANCELLED", async () => {
  const { address } = await start({ unary: () => ({}) });
  const client = createClient(TestService, address);
  await client.unary({});
  client[Symbol.dispose]();
  expect(await failureOf(client.unary({}))).toMatchObject({ code: Code.CANCELLED, message: `the channel to ${address} is closed` });
});

test("each new channel reports why connecting failed", async () => {
  for (let n = 0; n < 3; n++) {
    expect(await failureOf(connect("127.0.0.1:1").unary({}))).toMatchObject({
      message: "cannot connect to 127.0.0.1:1: connection refused: nothing listens there",
    });
  }
});

test("clients can share a channel, and disposing of a client leaves it open", async () => {
  const { address } = await start({ unary: () => ({ text: "x" }) });
  using channel = createChannel(address);
  createClient(TestService, channel)[Symbol.dispose]();
  expect((await createClient(TestService, channel).unary({})).text).toBe("x");
});

test("defaults apply to every call, and the options of a call override them", async () => {
  const { address } = await start({ unary: (_request, { metadata }) => ({ text: metadata.get("x-a") ?? "" }) });
  const client = connect(address, { defaults: { metadata: { "x-a": "default" } } });
  expect((await client.unary({})).text).toBe("default");
  expect((await client.unary({}, { metadata: { "x-a": "own" } })).text).toBe("own");
});

test("the option authority of a call overrides the channel's :authority", async () => {
  const authorities: unknown[] = [];
  const address = await peerServer((stream, headers) => {
    authorities.push(headers[":authority"]);
    stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "5" }, { endStream: true });
  });
  const client = connect(address);
  await failureOf(client.unary({}));
  await failureOf(client.unary({}, { authority: "shop.example:443" }));
  expect(authorities).toEqual([address, "shop.example:443"]);
});

test.each(kindNames)("%s: a call waits for a server that starts later if it has waitForReady, and fails otherwise", async (kind) => {
  const probe = net.createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as net.AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  const client = connect(`127.0.0.1:${port}`, { backoff: { initialMs: 20 } });
  expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.UNAVAILABLE });
  const waiting = kinds[kind](client, "", { waitForReady: true, timeoutMs: 20_000 });
  const server = createServer();
  server.add(
    implement(
      TestService,
      everyKind(() => "late"),
    ),
  );
  onTestFinished(async () => void (await server.shutdown({ graceMs: 0, abortMs: 0 })));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await server.listen(`127.0.0.1:${port}`);
  expect(await waiting).toMatchObject([{ text: "late" }]);
});
