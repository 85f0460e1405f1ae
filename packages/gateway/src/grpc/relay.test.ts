// gRPC calls through the gateway's port.
import { connect } from "node:http2";
import {
  type CallOptions,
  Code,
  type Context,
  createChannel,
  createClient,
  createServer,
  detail,
  type Implementation,
  implement,
  Metadata,
  RpcError,
} from "@grpc-study/rpc";
import { BadRequestSchema } from "@grpc-study/rpc/error-details";
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "@grpc-study/rpc/health";
import { ServerReflection } from "@grpc-study/rpc/reflection";
import type { Status } from "@grpc-study/rpc/transport";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { listen, startGateway, transports } from "../../test/gateway.ts";
import { Calls } from "../../test/gen/calls_pb.js";
import { Things } from "../../test/gen/things_pb.js";
import { reflectServices } from "../reflection.ts";

/** A client of the port. */
function clientOf(port: number, authority?: string) {
  const channel = createChannel(`127.0.0.1:${port}`, { pool: false, ...(authority && { authority }) });
  onTestFinished(() => channel.close());
  return { channel, client: createClient(Things, channel) };
}

type Client = ReturnType<typeof clientOf>["client"];

/** Calls each kind with one request, to the end. */
const kinds = {
  unary: async (client: Client, options: CallOptions = {}) => [await client.plain({ stringValue: "a" }, options)],
  "server stream": (client: Client, options: CallOptions = {}) => Array.fromAsync(client.list({ count: 1 }, options)),
  "client stream": async (client: Client, options: CallOptions = {}) => [await client.sum([{ stringValue: "a" }], options)],
  "bidi stream": (client: Client, options: CallOptions = {}) => Array.fromAsync(client.talk([{ stringValue: "a" }], options)),
};
const kindNames = Object.keys(kinds) as (keyof typeof kinds)[];

/** Handlers of each kind that call `body` once. */
function everyKind(body: (context: Context) => string | Promise<string>): Implementation {
  return implement(Things, {
    plain: async (_request, context) => ({ stringValue: await body(context) }),
    async *list(_request, context) {
      yield { stringValue: await body(context) };
    },
    sum: async (_requests, context) => ({ stringValue: await body(context) }),
    async *talk(_requests, context) {
      yield { stringValue: await body(context) };
    },
  });
}

const failureOf = (promise: Promise<unknown>): Promise<RpcError> =>
  promise.then(
    () => Promise.reject(new Error("the call did not fail")),
    (error: unknown) => RpcError.from(error),
  );

/** Waits until the call is cancelled. Counts the calls. */
function waiting() {
  const seen = { running: 0, reasons: [] as unknown[] };
  const implementation = everyKind(({ signal }) => {
    seen.running++;
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        seen.running--;
        seen.reasons.push(signal.reason);
        reject(signal.reason);
      });
    });
  });
  return { seen, implementation };
}

describe.each(transports)("the upstream %s", (transport) => {
  test.each(kindNames)("%s: messages and metadata cross in both directions", async (kind) => {
    let received = new Metadata();
    const { port } = await startGateway(
      everyKind((context) => {
        received = context.metadata;
        context.header.set("x-header", "1").set("x-header-bin", Buffer.of(1, 2));
        context.trailer.add("x-trailer", "2").add("x-trailer", "3");
        return "reply";
      }),
      { transport },
    );
    const seen: Record<string, unknown> = {};
    const responses = await kinds[kind](clientOf(port).client, {
      metadata: { "x-text": ["a", "b"], "x-bytes-bin": Buffer.of(0, 255), authorization: "Bearer x" },
      onHeader: (header) => void Object.assign(seen, { header: [...header] }),
      onTrailer: (trailer) => void Object.assign(seen, { trailer: [...trailer] }),
    });
    expect(responses).toMatchObject([{ stringValue: "reply" }]);
    expect(seen).toEqual({
      header: [
        ["x-header", "1"],
        ["x-header-bin", Buffer.of(1, 2)],
      ],
      trailer: [
        ["x-trailer", "2"],
        ["x-trailer", "3"],
      ],
    });
    expect([received.getAll("x-text"), received.getBytes("x-bytes-bin"), received.get("authorization")]).toEqual([
      ["a", "b"],
      Buffer.of(0, 255),
      "Bearer x",
    ]);
  });

  test.each(kindNames)("%s: an error keeps its code, message, details and metadata", async (kind) => {
    const { port } = await startGateway(
      everyKind(() => {
        const details = [detail(BadRequestSchema, { fieldViolations: [{ field: "f" }] })];
        throw new RpcError(Code.ABORTED, "again: 100 % ünicode", { details, metadata: { "x-reason": "busy" } });
      }),
      { transport },
    );
    const error = await failureOf(kinds[kind](clientOf(port).client));
    expect(error).toMatchObject({ code: Code.ABORTED, message: "again: 100 % ünicode" });
    expect(error.findDetails(BadRequestSchema)).toMatchObject([{ fieldViolations: [{ field: "f" }] }]);
    expect(error.metadata.get("x-reason")).toBe("busy");
  });

  test.each(kindNames)("%s: a cancel reaches the handler", async (kind) => {
    const { seen, implementation } = waiting();
    const { port } = await startGateway(implementation, { transport });
    const abort = new AbortController();
    const failure = failureOf(kinds[kind](clientOf(port).client, { signal: abort.signal }));
    await vi.waitUntil(() => seen.running === 1);
    abort.abort();
    expect((await failure).code).toBe(Code.CANCELLED);
    await vi.waitUntil(() => seen.running === 0);
  });

  test("a client whose connection is lost cancels its calls", async () => {
    const { seen, implementation } = waiting();
    const { url } = await startGateway(implementation, { transport });
    const session = connect(url).on("error", () => {});
    for (const method of ["Plain", "List", "Sum", "Talk"]) {
      const headers = { ":method": "POST", ":path": `/grpc_study.gateway_test.Things/${method}`, "content-type": "application/grpc" };
      const stream = session.request({ ...headers, te: "trailers" }).on("error", () => {});
      stream.end(Buffer.alloc(5));
    }
    await vi.waitUntil(() => seen.running === 4);
    session.destroy();
    await vi.waitUntil(() => seen.running === 0);
  });

  test.each(kindNames)("%s: shutdown ends the calls that remain after graceMs", async (kind) => {
    const { seen, implementation } = waiting();
    const { gateway, port } = await startGateway(implementation, { transport, graceMs: 0 });
    const failure = failureOf(kinds[kind](clientOf(port).client));
    await vi.waitUntil(() => seen.running === 1);
    await gateway.close();
    expect(await failure).toMatchObject({ code: Code.UNAVAILABLE, message: "the gateway is shutting down" });
    await vi.waitUntil(() => seen.running === 0);
  });

  test.each(kindNames)("%s: the time limit of the gateway ends a call, and the upstream knows it", async (kind) => {
    const deadlines: number[] = [];
    const { seen, implementation } = waiting();
    const spy = everyKind((context) => {
      deadlines.push((context.deadline?.getTime() ?? Number.NaN) - Date.now());
      return new Promise(() => {});
    });
    const { port } = await startGateway(spy, { transport, timeoutMs: 200 });
    expect(await failureOf(kinds[kind](clientOf(port).client, { timeoutMs: 60_000 }))).toMatchObject({
      code: Code.DEADLINE_EXCEEDED,
      message: "deadline exceeded",
    });
    expect(deadlines[0]).toBeLessThanOrEqual(201);
    // The caller's own deadline is earlier here.
    const own = await startGateway(implementation, { transport, timeoutMs: 60_000 });
    expect((await failureOf(kinds[kind](clientOf(own.port).client, { timeoutMs: 100 }))).code).toBe(Code.DEADLINE_EXCEEDED);
    await vi.waitUntil(() => seen.running === 0);
  });

  test("a stream of responses stops at a slow reader", async () => {
    let made = 0;
    const { port } = await startGateway(
      implement(Things, {
        *list({ count }) {
          for (; made < count; made++) yield { bytesValue: new Uint8Array(10_000) };
        },
      }),
      { transport },
    );
    const call = clientOf(port).client.list({ count: 10_000 });
    await call.recv();
    let before = -1;
    while (made !== before) {
      before = made;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // Windows and buffers of three connections, far below the 100 MB of all messages.
    expect(made).toBeLessThan(2_000);
    let received = 1;
    while ((await call.recv()) !== undefined) received++;
    expect(received).toBe(10_000);
  });

  test("a stream of requests stops at a slow handler", async () => {
    const release = Promise.withResolvers<void>();
    let taken = 0;
    const { port } = await startGateway(
      implement(Things, {
        async sum(requests) {
          for await (const _ of requests) {
            if (taken++ === 0) await release.promise;
          }
          return { int32Value: taken };
        },
      }),
      { transport },
    );
    let made = 0;
    async function* requests() {
      for (; made < 5_000; made++) yield { bytesValue: new Uint8Array(10_000) };
    }
    const answer = clientOf(port).client.sum(requests());
    let before = -1;
    while (made !== before || made === 0) {
      before = made;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(made).toBeLessThan(2_500);
    release.resolve();
    expect((await answer).int32Value).toBe(5_000);
  });
});

test("the upstream learns the origin of a call from the gateway alone", async () => {
  const received: Metadata[] = [];
  const implementation = everyKind(({ metadata }) => {
    received.push(metadata);
    return "";
  });
  const metadata = {
    "x-forwarded-for": "203.0.113.1",
    "x-forwarded-host": "shop.example",
    "x-forwarded-proto": "https",
    x_real_ip: "203.0.113.1",
    "proxy-authorization": "Basic YTpi",
    "x-request-id": "id-1",
  };
  const headers = (index: number) => Object.fromEntries([...(received[index] ?? [])].filter(([key]) => key !== "user-agent"));
  const { port } = await startGateway(implementation);
  await clientOf(port).client.plain({}, { metadata });
  expect(headers(0)).toEqual({
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-host": `127.0.0.1:${port}`,
    "x-forwarded-proto": "http",
    "x-request-id": "id-1",
  });
  const trusting = await startGateway(implementation, { trustProxy: "loopback" });
  await clientOf(trusting.port).client.plain({}, { metadata: { ...metadata, "x-request-id": "not an id" } });
  expect(headers(1)).toEqual({
    "x-forwarded-for": "203.0.113.1, 127.0.0.1",
    "x-forwarded-host": "shop.example",
    "x-forwarded-proto": "https",
    "x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
  });
});

test("metadata with the names of HTTP headers passes, as without a gateway", async () => {
  let received = new Metadata();
  const { port } = await startGateway(
    everyKind(({ metadata }) => {
      received = metadata;
      return "";
    }),
  );
  const metadata = {
    accept: "text/plain",
    "accept-language": "en",
    "cache-control": "no-cache",
    "content-language": "de",
    "content-tenant": "a",
    cookie: "a=b",
    referer: "https://shop.example/",
  };
  await clientOf(port).client.plain({}, { metadata });
  expect(Object.fromEntries(received)).toMatchObject(metadata);
});

test("calls above a limit fail, and calls that end make room", async () => {
  const { seen, implementation } = waiting();
  const limited = async (options: object, expected: object) => {
    const { port } = await startGateway(implementation, options);
    const { client } = clientOf(port);
    const abort = new AbortController();
    const first = failureOf(client.plain({}, { signal: abort.signal }));
    await vi.waitUntil(() => seen.running === 1);
    for (const kind of kindNames) expect(await failureOf(kinds[kind](client))).toMatchObject(expected);
    abort.abort();
    await first;
    await vi.waitUntil(() => seen.running === 0);
    expect((await failureOf(client.plain({}, { timeoutMs: 50 }))).code).toBe(Code.DEADLINE_EXCEEDED);
    await vi.waitUntil(() => seen.running === 0);
  };
  await limited({ maxCalls: 1 }, { code: Code.UNAVAILABLE, message: "the gateway has 1 calls in flight, which is its limit" });
  await limited(
    { maxCallsPerAddress: 1 },
    { code: Code.RESOURCE_EXHAUSTED, message: "your address has 1 calls in flight, which is its limit" },
  );
});

test("a request or a response beyond its limit fails", async () => {
  const { port } = await startGateway(implement(Things, { plain: ({ int32Value }) => ({ bytesValue: new Uint8Array(int32Value) }) }), {
    transport: "over a socket",
    bodyLimit: 1_000,
    maxResponseBytes: 1_000,
  });
  const { client } = clientOf(port);
  expect((await client.plain({ int32Value: 500 })).bytesValue).toHaveLength(500);
  expect((await failureOf(client.plain({ bytesValue: new Uint8Array(2_000) }))).code).toBe(Code.RESOURCE_EXHAUSTED);
  expect((await failureOf(client.plain({ int32Value: 2_000 }))).code).toBe(Code.RESOURCE_EXHAUSTED);
});

test("the address of an upstream that is down stays secret", async () => {
  const { port } = await listen({ services: [Things], upstream: "127.0.0.1:1", allowedHosts: ["*"] });
  for (const kind of kindNames) {
    expect(await failureOf(kinds[kind](clientOf(port).client))).toMatchObject({
      code: Code.UNAVAILABLE,
      message: "the upstream is not available",
    });
  }
});

/** Makes a unary call without a client, which would check its metadata. Resolves with its status. */
function statusOf({ channel }: ReturnType<typeof clientOf>, metadata: Metadata | undefined): Promise<Status> {
  const method = { path: "/grpc_study.gateway_test.Things/Plain", requestStream: false, responseStream: false };
  const call = { method, metadata, deadline: Number.POSITIVE_INFINITY, compression: "identity" as const, previousAttempts: 0 };
  const rest = { waitForReady: undefined, authority: undefined, request: Buffer.alloc(0) };
  return new Promise((onStatus) => channel.open({ ...call, ...rest }, { onHeader() {}, onMessage() {}, onDrain() {}, onStatus }).pull());
}

test("metadata that HTTP allows once is rejected if it comes twice", async () => {
  const { port } = await startGateway(everyKind(() => ""));
  const metadata = new Metadata();
  metadata.receive("authorization", "a");
  metadata.receive("authorization", "b");
  const message = 'the metadata key "authorization" has 2 values; HTTP allows one';
  expect(await statusOf(clientOf(port), metadata)).toMatchObject({ code: Code.INVALID_ARGUMENT, message });
});

test.each(transports)("the pushback of an upstream %s reaches clients that retry", async (transport) => {
  const { port } = await startGateway(
    everyKind(() => {
      throw new RpcError(Code.UNAVAILABLE, "later", { retryAfterMs: 250 });
    }),
    { transport },
  );
  const { code, metadata } = await statusOf(clientOf(port), undefined);
  expect([code, metadata?.get("grpc-retry-pushback-ms")]).toEqual([Code.UNAVAILABLE, "250"]);
});

test("calls to another host and from pages of other sites are rejected, as HTTP requests are", async () => {
  const server = createServer();
  server.add(everyKind(() => ""));
  onTestFinished(() => server.shutdown({ graceMs: 0, abortMs: 0 }).then(() => {}));
  // The default for a loopback address.
  const { port } = await listen({ services: [Things], upstream: server.channel() });
  await clientOf(port).client.plain({});
  await clientOf(port, `localhost:${port}`).client.plain({});
  for (const kind of kindNames) {
    expect(await failureOf(kinds[kind](clientOf(port, "evil.example").client))).toMatchObject({
      code: Code.PERMISSION_DENIED,
      message: 'the host "evil.example" is not allowed: add it to allowedHosts',
    });
    const metadata = { origin: "http://evil.example", "sec-fetch-site": "cross-site" };
    expect(await failureOf(kinds[kind](clientOf(port).client, { metadata }))).toMatchObject({
      code: Code.PERMISSION_DENIED,
      message: 'pages of "http://evil.example" may not send POST requests here',
    });
  }
});

describe("methods that are not served", () => {
  const upstream = () => {
    const server = createServer({ reflection: true });
    server.add(everyKind(() => "reply"));
    onTestFinished(() => server.shutdown({ graceMs: 0, abortMs: 0 }).then(() => {}));
    return server;
  };

  test("health and reflection are those of the only upstream", async () => {
    const server = upstream();
    const { port } = await listen({ services: [Things], upstream: server.channel(), allowedHosts: ["*"] });
    const { channel } = clientOf(port);
    const health = createClient(Health, channel);
    expect(await health.check({ service: Things.typeName })).toMatchObject({ status: ServingStatus.SERVING });
    server.health.set(Things.typeName, "NOT_SERVING");
    expect(await health.check({ service: Things.typeName })).toMatchObject({ status: ServingStatus.NOT_SERVING });
    const [list] = await Array.fromAsync(
      createClient(ServerReflection, channel).serverReflectionInfo([{ messageRequest: { case: "listServices", value: "" } }]),
    );
    expect(JSON.stringify(list?.messageResponse.value)).toContain(Things.typeName);
  });

  test("with several upstreams, health and reflection are those of the gateway", async () => {
    const [one, other] = [upstream(), createServer()];
    other.add(implement(Calls, {}));
    const otherUpstreams = [{ services: [Calls], upstream: other.channel() }];
    const options = { services: [Things], upstream: one.channel(), otherUpstreams, allowedHosts: ["*"] };
    const { port } = await listen(options);
    const { channel, client } = clientOf(port);
    expect((await client.plain({})).stringValue).toBe("reply");
    const described = await reflectServices(channel);
    expect(described.services.map(({ typeName }) => typeName).sort()).toEqual([Calls.typeName, Things.typeName]);
    const health = createClient(Health, channel);
    const status = async (service: string) => ServingStatus[(await health.check({ service })).status];
    expect([await status(""), await status(Things.typeName), await status(Calls.typeName)]).toEqual(Array(3).fill("SERVING"));
    expect((await failureOf(health.check({ service: "nothing" }))).code).toBe(Code.NOT_FOUND);
    const watch = health.watch({ service: Calls.typeName });
    expect((await watch.recv())?.status).toBe(ServingStatus.SERVING);
    other.health.set(Calls.typeName, "NOT_SERVING");
    other.health.set("", "NOT_SERVING");
    expect((await watch.recv())?.status).toBe(ServingStatus.NOT_SERVING);
    watch.cancel();
    expect([await status(Things.typeName), await status(Calls.typeName)]).toEqual(["SERVING", "NOT_SERVING"]);
    await vi.waitFor(async () => expect(await status("")).toBe("NOT_SERVING"), 5_000);

    // The same services from another upstream, which the gateway does not serve.
    const again = { services: described.services, upstream: other.channel() };
    const both = { otherUpstreams: [...otherUpstreams, again], conflicts: "keep-first", onWarning: () => {} } as const;
    const kept = await listen({ ...options, ...both });
    const { services } = await reflectServices(clientOf(kept.port).channel);
    expect(services.map(({ typeName }) => typeName).sort()).toEqual([Calls.typeName, Things.typeName]);

    // Who hides the documentation hides the descriptors.
    const hidden = await listen({ ...options, openApi: false });
    await expect(reflectServices(clientOf(hidden.port).channel)).rejects.toThrow(/reflection/);
  });

  test("a service that only the upstream has is not served", async () => {
    const { port } = await listen({ services: [Health], upstream: upstream().channel(), allowedHosts: ["*"] });
    expect((await failureOf(clientOf(port).client.plain({}))).code).toBe(Code.UNIMPLEMENTED);
  });

  test("without the protocol, no method is served", async () => {
    const { port } = await listen({ services: [Things], upstream: upstream().channel(), protocols: ["rest"], allowedHosts: ["*"] });
    expect((await failureOf(clientOf(port).client.plain({}))).code).toBe(Code.UNIMPLEMENTED);
  });
});

test("update() applies to the next call on the same connection, and calls in flight go on", async () => {
  const gate = Promise.withResolvers<string>();
  const serverOf = (body: () => string | Promise<string>) => {
    const server = createServer();
    server.add(everyKind(body));
    onTestFinished(() => server.shutdown({ graceMs: 0, abortMs: 0 }).then(() => {}));
    return server;
  };
  let started = false;
  const first = serverOf(() => {
    started = true;
    return gate.promise;
  });
  const { gateway, port } = await listen({ services: [Things], upstream: first.channel(), allowedHosts: ["*"] });
  const { client } = clientOf(port);
  const early = client.plain({});
  await vi.waitUntil(() => started);
  gateway.update({ services: [Things], upstream: serverOf(() => "second").channel() });
  expect((await client.plain({})).stringValue).toBe("second");
  gate.resolve("first");
  expect((await early).stringValue).toBe("first");
  gateway.update({ services: [Health], upstream: first.channel() });
  expect((await failureOf(client.plain({}))).code).toBe(Code.UNIMPLEMENTED);
});

test("each call has a line in the access log, and failures of the upstream have their reason", async () => {
  const lines: object[] = [];
  const log = (fields: object, message: string) => void lines.push({ ...fields, message });
  const logger = { info: log, warn: log, error: log };
  const { port } = await startGateway(
    everyKind(({ metadata }) => {
      if (metadata.has("x-fail")) throw new RpcError(Code.NOT_FOUND, "none");
      return "";
    }),
    { logger },
  );
  const { client } = clientOf(port);
  await client.plain({}, { metadata: { "x-request-id": "one" } });
  await failureOf(kinds["bidi stream"](client, { metadata: { "x-fail": "1", "x-request-id": "two" } }));
  const line = {
    method: "POST",
    protocol: "grpc",
    status: 200,
    durationMs: expect.any(Number) as unknown,
    peer: "127.0.0.1",
    message: "request",
  };
  expect(lines).toEqual([
    { ...line, reqId: "one", path: "/grpc_study.gateway_test.Things/Plain", grpc: "OK" },
    { ...line, reqId: "two", path: "/grpc_study.gateway_test.Things/Talk", grpc: "NOT_FOUND" },
  ]);
  const down = await listen({ services: [Things], upstream: "127.0.0.1:1", allowedHosts: ["*"], logger });
  lines.length = 0;
  await failureOf(clientOf(down.port).client.plain({}));
  expect(lines).toMatchObject([{ message: expect.stringContaining("cannot connect to 127.0.0.1:1") as unknown }, { grpc: "UNAVAILABLE" }]);
});
