// Graceful shutdown of a server.
import { once } from "node:events";
import * as net from "node:net";
import { expect, onTestFinished, test } from "vitest";
import {
  everyKind,
  everyWay,
  failureOf,
  kinds,
  startBy,
  startServer,
  type TestHandlers,
  type Transport,
  transports,
  until,
} from "../../test/harness.ts";
import { frame, Peer } from "../../test/http2-peer.ts";
import { Code, createClient, createServer } from "../index.ts";
import { Health } from "../services/health/index.ts";

test.each(transports)("%s: shutdown sends NOT_SERVING to watchers, lets running calls finish, and takes no new ones", async (transport) => {
  let finish: (text: string) => void = () => {};
  const { server, channel, client } = await startBy(transport, {
    unary: () => new Promise((resolve) => (finish = (text) => resolve({ text }))),
  });
  const health = createClient(Health, channel);
  const watch = health.watch({ service: "test.v1.TestService" });
  expect(await watch.recv()).toMatchObject({ status: 1 });
  const running = client.unary({});
  await until(() => finish.length === 1);

  const report = server.shutdown({ graceMs: 5_000 });
  expect(await watch.recv()).toMatchObject({ status: 2 });
  expect(await failureOf(watch.recv())).toMatchObject({ code: Code.UNAVAILABLE });
  expect(await failureOf(client.unary({}))).toMatchObject({ code: Code.UNAVAILABLE });
  finish("done");
  expect((await running).text).toBe("done");
  expect(await report).toEqual({ cut: [] });
});

test.each(everyWay)("$transport, $kind: a call that exceeds the grace period is aborted, and reported", async ({ transport, kind }) => {
  let started = false;
  const { server, client } = await startBy(
    transport,
    everyKind(({ signal }) => {
      started = true;
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    }),
  );
  const failure = failureOf(kinds[kind](client, ""));
  await until(() => started);
  const { cut } = await server.shutdown({ graceMs: 20 });
  expect(await failure).toMatchObject({ code: Code.UNAVAILABLE, message: "the server is shutting down" });
  expect(cut).toMatchObject([{ how: "aborted", peer: expect.stringMatching(/^(127\.0\.0\.1:\d+|in-process)$/) }]);
});

test.each(everyWay)("$transport, $kind: a call that ignores its signal is forced to end, and reported", async ({ transport, kind }) => {
  let started = false;
  const { server, client } = await startBy(
    transport,
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

/**
 * The kinds whose handlers may end while the response waits for the caller. Other handlers wait for
 * room first, and are aborted.
 */
const answersWait = {
  http2: ["unary", "clientStream"],
  "grpc-js": ["unary", "serverStream", "clientStream", "bidiStream"],
  "in process": ["serverStream", "bidiStream"],
} as const satisfies Record<Transport, readonly string[]>;

test.each(everyWay.filter(({ transport, kind }) => (answersWait[transport] as readonly string[]).includes(kind)))(
  "$transport, $kind: a call with an unread response is reported after the grace period",
  async ({ transport, kind }) => {
    let ended = 0;
    const one = () => {
      ended++;
      return { text: "x".repeat(1_000) };
    };
    // The client of this package reads 256 KiB ahead.
    const first = Array(5).fill({ text: "x".repeat(transport === "in process" ? 60_000 : 1) });
    const handlers: TestHandlers = {
      unary: one,
      clientStream: one,
      async *serverStream() {
        yield* first;
        yield one();
      },
      async *bidiStream() {
        yield* first;
        yield one();
      },
    };
    const { server, client } = await startBy(transport, handlers);
    if (transport === "in process") {
      const call = kind === "serverStream" ? client.serverStream({}) : client.bidiStream();
      onTestFinished(() => call.cancel());
    } else {
      const { address } = await server.listen("127.0.0.1:0");
      new Peer(address, { initialWindowSize: 0 }).call(`${kind[0]?.toUpperCase()}${kind.slice(1)}`).stream.end(frame());
    }
    await until(() => ended === 1);
    const { cut } = await server.shutdown({ graceMs: 300 });
    const peer = expect.stringMatching(/^(127\.0\.0\.1:\d+|in-process)$/);
    expect(cut.map(({ method, peer, how }) => [method.localName, peer, how])).toEqual([[kind, peer, "unsent"]]);
  },
);

test.each(transports)("%s: a bidirectional handler that only reads ends by itself when it is aborted", async (transport) => {
  const { server, client } = await startBy(transport, {
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

test.each(transports)("%s: a second shutdown returns the outcome of the first one", async (transport) => {
  const { server } = await startBy(transport, {});
  expect(server.shutdown()).toBe(server.shutdown());
});

/** A socket to a server that sends nothing more. */
async function silent(address: string, bytes = Buffer.alloc(0)): Promise<net.Socket> {
  const { port } = new URL(`http://${address}`);
  const socket = net.connect(Number(port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {}).resume();
  await once(socket, "connect");
  socket.write(bytes);
  return socket;
}

const preface = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]);
/** HEADERS of stream 1 without END_HEADERS. */
const halfHeader = Buffer.from([0, 0, 1, 1, 0, 0, 0, 0, 1, 0x83]);

test("shutdown without a running call does not wait for silent peers and incomplete requests", async () => {
  const { server, address } = await startServer({ unary: () => ({}), serverStream: () => [{}] });
  await silent(address);
  await silent(address, preface.subarray(0, 10));
  await silent(address, preface);
  await silent(address, Buffer.concat([preface, halfHeader]));
  const peer = new Peer(address);
  const done = peer.call("Unary");
  done.stream.end(frame());
  expect(await done.status()).toBe(Code.OK);
  const halves = ["Unary", "ServerStream"].map((method) => peer.call(method));
  for (const { stream } of halves) stream.write(frame(Buffer.alloc(0), 0, 100).subarray(0, 3));
  // The response shows that all earlier data has arrived.
  const after = peer.call("Unary");
  after.stream.end(frame());
  await after.ended;
  const before = performance.now();
  expect(await server.shutdown({ graceMs: 20_000 })).toEqual({ cut: [] });
  expect(performance.now() - before).toBeLessThan(5_000);
  for (const half of halves) expect([Code.UNAVAILABLE, Number.NaN]).toContainEqual(await half.status());
});

test("a server that never listened shuts down at once", async () => {
  expect(await createServer().shutdown({ graceMs: 20_000 })).toEqual({ cut: [] });
});
