// gRPC calls that a server in the gateway's process runs: what the server, the gateway and the caller
// see. The tests of all upstreams are in relay.test.ts.
import { setTimeout as delay } from "node:timers/promises";
import {
  Code,
  type Context,
  createChannel,
  createClient,
  createServer,
  implement,
  type RpcError,
  type Server,
  type ServerOptions,
  wasCompressed,
} from "@grpc-study/rpc";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { listen } from "../../test/gateway.ts";
import { Things } from "../../test/gen/things_pb.js";
import type { GatewayServerOptions } from "../options.ts";

interface Init {
  readonly server?: ServerOptions;
  readonly channel?: Parameters<Server["channel"]>[0];
  readonly gateway?: Partial<GatewayServerOptions>;
}

/** Starts a server, a gateway in front of it, and a client. Its unary and streaming methods call `body`. */
async function start(body: (context: Context, received: object) => string | Promise<string>, init: Init = {}) {
  const server = createServer({ onError: () => {}, ...init.server });
  onTestFinished(() => server.shutdown({ graceMs: 0, abortMs: 0 }).then(() => {}));
  server.add(
    implement(Things, {
      plain: async (request, context) => ({ stringValue: await body(context, request) }),
      async sum(requests, context) {
        let count = 0;
        for await (const request of requests) {
          count++;
          await body(context, request);
        }
        return { int32Value: count };
      },
      async *list(request, context) {
        yield { stringValue: await body(context, request) };
      },
    }),
  );
  const { gateway, port } = await listen({
    services: [Things],
    upstream: server.channel(init.channel),
    allowedHosts: ["*"],
    ...init.gateway,
  });
  const connect = () => {
    const channel = createChannel(`127.0.0.1:${port}`, { pool: false });
    onTestFinished(() => channel.close());
    return createClient(Things, channel);
  };
  return { server, gateway, client: connect(), connect };
}

const failureOf = (promise: Promise<unknown>): Promise<RpcError> =>
  promise.then(
    () => Promise.reject(new Error("the call did not fail")),
    (error: RpcError) => error,
  );

test("calls that repeat their header share nothing that a handler may change", async () => {
  const seen: object[] = [];
  const { client, connect } = await start(({ metadata, peer }) => {
    seen.push({ text: metadata.get("x-text"), bytes: metadata.getBytes("x-bytes-bin")?.toString(), peer });
    seen.push([metadata.get("x-request-id"), metadata.get("x-forwarded-for")]);
    metadata.getBytes("x-bytes-bin")?.fill(0);
    metadata.delete("x-text");
    return "";
  });
  const metadata = { "x-text": "a", "x-bytes-bin": Buffer.from("b") };
  for (const one of [client, client, connect()]) await one.plain({}, { metadata });
  const same = { text: "a", bytes: "b", peer: "in-process" };
  expect(seen).toMatchObject([same, {}, same, {}, same, {}]);
  const ids = seen.filter(Array.isArray);
  expect(new Set(ids.map(([id]: string[]) => id)).size).toBe(3);
  expect(ids).toEqual(Array(3).fill([expect.stringMatching(/^[0-9a-f-]{36}$/), "127.0.0.1"]));
});

test("a call has one request id, in its metadata and in the access log", async () => {
  const ids: unknown[] = [];
  const note = ({ reqId }: { reqId?: unknown }) => void ids.push(reqId);
  const logger = { info: note, warn: note, error: note };
  const { client } = await start(({ metadata }) => String(ids.push(metadata.get("x-request-id"))), { gateway: { logger } });
  for (let n = 0; n < 2; n++) await client.plain({});
  expect(ids).toEqual([ids[0], ids[0], ids[2], ids[2]]);
  expect(ids[0]).not.toBe(ids[2]);
});

describe("interceptors of the server", () => {
  test("run around the calls, and see their requests", async () => {
    const seen: unknown[] = [];
    const { client } = await start(() => "reply", {
      server: {
        interceptors: [
          async (call, next) => {
            await delay(1);
            const { requests } = call;
            if (requests === undefined) {
              seen.push(await call.request);
              return next();
            }
            async function* noted() {
              for await (const request of requests ?? []) {
                seen.push(request);
                yield request;
              }
            }
            return next({ requests: noted() });
          },
        ],
      },
    });
    expect(await client.plain({ stringValue: "a" })).toMatchObject({ stringValue: "reply" });
    expect(await client.sum([{ stringValue: "b" }, { stringValue: "c" }])).toMatchObject({ int32Value: 2 });
    expect(await Array.fromAsync(client.list({ count: 1 }))).toMatchObject([{ stringValue: "reply" }]);
    expect(seen).toMatchObject([{ stringValue: "a" }, { stringValue: "b" }, { stringValue: "c" }, { count: 1 }]);
  });

  test("a caller that goes away cancels a call that they hold", async () => {
    let reason: unknown;
    const { client } = await start(() => "", {
      server: {
        interceptors: [
          ({ signal }) =>
            new Promise((_resolve, reject) => {
              signal.addEventListener("abort", () => {
                reason = signal.reason;
                reject(signal.reason);
              });
            }),
        ],
      },
    });
    expect((await failureOf(client.plain({}, { timeoutMs: 50 }))).code).toBe(Code.DEADLINE_EXCEEDED);
    await vi.waitUntil(() => reason !== undefined);
  });
});

test("messages are compressed if both ends support it", async () => {
  const compressed: boolean[] = [];
  const { client } = await start(
    (_context, request) => {
      compressed.push(wasCompressed(request));
      return "a".repeat(1_000);
    },
    { server: { compression: "gzip" } },
  );
  const answer = await client.plain({ stringValue: "a".repeat(1_000) }, { compression: "gzip" });
  expect([answer.stringValue.length, wasCompressed(answer), ...compressed]).toEqual([1_000, true, true]);
  const [first] = await Array.fromAsync(client.list({}));
  expect([first?.stringValue.length, first && wasCompressed(first), compressed[1]]).toEqual([1_000, true, false]);
});

test.each([
  ["the server", { server: { limits: { maxReceiveMessageBytes: 100 } } }, "a request has 203 bytes, and maxReceiveMessageBytes is 100"],
  ["the channel", { channel: { limits: { maxSendMessageBytes: 100 } } }, "a request has 203 bytes, and maxSendMessageBytes is 100"],
  ["the metadata", { server: { limits: { maxMetadataPairs: 3 } } }, "the metadata has 5 pairs, and maxMetadataPairs is 3"],
])("the limits of %s apply", async (_name, init, message) => {
  const { client } = await start(() => "", init);
  const request = { stringValue: "a".repeat(200) };
  for (const call of [client.plain(request), client.sum([request])])
    expect(await failureOf(call)).toMatchObject({ code: Code.RESOURCE_EXHAUSTED, message });
});

describe("shutdown of the server", () => {
  test("waits for the calls, and rejects further ones", async () => {
    const gate = Promise.withResolvers<string>();
    let running = 0;
    const { server, client } = await start(() => {
      running++;
      return gate.promise;
    });
    const call = client.plain({});
    await vi.waitUntil(() => running === 1);
    const done = server.shutdown();
    expect(await failureOf(client.plain({}))).toMatchObject({ code: Code.UNAVAILABLE, message: "the server is shutting down" });
    gate.resolve("reply");
    expect((await call).stringValue).toBe("reply");
    expect((await done).cut).toEqual([]);
  });

  test("ends the calls that remain, with both ends told", async () => {
    let reason: unknown;
    const { server, client } = await start(({ signal }) => {
      signal.addEventListener("abort", () => {
        reason = signal.reason;
      });
      return new Promise(() => {});
    });
    const failure = failureOf(client.plain({}));
    const stream = failureOf(client.sum([{}]));
    await delay(50);
    expect((await server.shutdown({ graceMs: 0, abortMs: 0 })).cut).toHaveLength(2);
    for (const one of [failure, stream]) expect((await one).code).toBe(Code.UNAVAILABLE);
    expect(reason).toMatchObject({ name: "RpcError" });
  });
});

test("a stream of requests that ends while a hook waits is complete", async () => {
  const { client } = await start(() => "", { gateway: { hooks: { metadata: () => delay(20, {}) } } });
  expect(await client.sum([])).toMatchObject({ int32Value: 0 });
  expect(await client.sum([{}, {}])).toMatchObject({ int32Value: 2 });
  expect(await client.plain({})).toMatchObject({ stringValue: "" });
});
