// What an observer learns of requests, in each protocol.
import { once } from "node:events";
import { createClient as createConnectClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { Code, createClient, type Handlers, implement, RpcError } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { startGateway, type Transport, transports } from "../test/gateway.ts";
import { Things } from "../test/gen/things_pb.js";
import type { GatewayObserver, ObservedCall, ObservedEnd } from "./observe.ts";
import type { GatewayServerOptions } from "./options.ts";

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly protocol: string;
  call?: Omit<ObservedCall, "metadata">;
  calls: number;
  end?: ObservedEnd;
}

/** What the upstream received in `x-trace`. */
const received: (string | undefined)[] = [];

const handlers: Handlers<typeof Things> = {
  get: (thing, { metadata }) => {
    received.push(metadata.get("x-trace"));
    if (thing.stringValue === "fail") throw new RpcError(Code.NOT_FOUND, "no such thing");
    if (thing.stringValue === "never") return new Promise(() => {});
    return thing;
  },
  async *list({ count }, { metadata }) {
    received.push(metadata.get("x-trace"));
    for (let index = 0; index < count; index++) yield { int32Value: index };
  },
  async *talk(things, { metadata }) {
    received.push(metadata.get("x-trace"));
    yield* things;
  },
};

async function start(transport: Transport, options: Partial<GatewayServerOptions> = {}) {
  const seen: Seen[] = [];
  received.length = 0;
  const observe: GatewayObserver = ({ method, path }, protocol) => {
    const one: Seen = { method, path, protocol, calls: 0 };
    const id = String(seen.push(one));
    return {
      logFields: { trace_id: id },
      call: ({ metadata, ...call }) => {
        metadata.set("x-trace", id);
        one.call = call;
        one.calls++;
      },
      end: (end) => {
        if (one.end !== undefined) throw new Error("the request has ended before");
        one.end = end;
      },
    };
  };
  const { url, port } = await startGateway(implement(Things, handlers), { transport, graceMs: 0, observe, ...options });
  return { url, port, seen };
}

async function ended(seen: readonly Seen[]): Promise<Seen> {
  await expect.poll(() => seen[0]?.end).toBeDefined();
  expect(seen).toHaveLength(1);
  return seen[0] as Seen;
}

const path = (name: string) => `/grpc_study.gateway_test.Things/${name}`;

describe.each(transports)("%s", (transport) => {
  test("REST: the route, the call and its end", async () => {
    const { url, seen } = await start(transport);
    const before = performance.now();
    await (await fetch(`${url}/v1/things/a`)).text();
    const { method, protocol, call, calls, end } = await ended(seen);
    expect({ method, protocol, calls }).toEqual({ method: "GET", protocol: "http", calls: 1 });
    expect(call?.method).toBe(path("Get"));
    expect(call?.target).toMatch(transport === "in process" ? /^in-process$/ : /^127\.0\.0\.1:\d+$/);
    expect(end).toMatchObject({
      protocol: "rest",
      code: Code.OK,
      status: 200,
      route: "/v1/things/{string_value}",
      method: Things.method.get,
    });
    expect(end?.callEndedAt).toBeGreaterThan(before);
    expect(end?.callEndedAt).toBeLessThan(performance.now());
    expect(received).toEqual(["1"]);
  });

  test("an observer that is off sees nothing, in any protocol, until it is on", async () => {
    let on = false;
    let asked = 0;
    const methods: string[] = [];
    const observe: GatewayObserver = Object.assign(
      ({ path }: { readonly path: string }) => {
        methods.push(path);
        return undefined;
      },
      {
        enabled: () => {
          asked++;
          return on;
        },
      },
    );
    const { url } = await start(transport, { observe });
    using client = createClient(Things, url.slice(7));
    for (on of [false, true]) {
      await (await fetch(`${url}/v1/things/a`)).text();
      await client.get({ stringValue: "a" });
      expect({ asked, methods }).toEqual(on ? { asked: 4, methods: ["/v1/things/a", path("Get")] } : { asked: 2, methods: [] });
    }
  });

  test("REST: an error of the upstream", async () => {
    const { url, seen } = await start(transport);
    await (await fetch(`${url}/v1/things/fail`)).text();
    expect((await ended(seen)).end).toMatchObject({ code: Code.NOT_FOUND, status: 404 });
  });

  test("REST: a client that goes away", async () => {
    const { url, seen } = await start(transport);
    const controller = new AbortController();
    const response = fetch(`${url}/v1/things/never`, { signal: controller.signal });
    await expect.poll(() => received.length).toBe(1);
    controller.abort();
    await expect(response).rejects.toThrow();
    expect((await ended(seen)).end).toMatchObject({ code: Code.CANCELLED, method: Things.method.get });
  });

  test("a WebSocket", async () => {
    const { port, seen } = await start(transport);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/talk`);
    await once(socket, "open");
    socket.send("{}");
    socket.send("");
    await once(socket, "close");
    const { call, end } = await ended(seen);
    expect(call?.method).toBe(path("Talk"));
    expect(end).toMatchObject({ protocol: "rest", code: Code.OK, status: 101, route: "/v1/talk" });
    expect(received).toEqual(["1"]);
  });

  test.each([
    ["connect", createConnectTransport],
    ["grpc-web", createGrpcWebTransport],
  ] as const)("%s: unary calls and streams", async (protocol, create) => {
    const { url, seen } = await start(transport);
    const client = createConnectClient(Things, create({ baseUrl: url, httpVersion: "1.1" }));
    expect(await client.get({ stringValue: "a" })).toMatchObject({ stringValue: "a" });
    expect((await ended(seen)).end).toMatchObject({ protocol, code: Code.OK, status: 200, route: path("Get") });
    seen.length = 0;
    expect(await Array.fromAsync(client.list({ count: 2 }))).toMatchObject([{ int32Value: 0 }, { int32Value: 1 }]);
    expect((await ended(seen)).end).toMatchObject({ protocol, code: Code.OK, route: path("List") });
    expect(received).toEqual(["1", "1"]);
  });

  test("gRPC: calls with one request and with a stream, an error, and a cancel", async () => {
    const { url, seen } = await start(transport);
    using client = createClient(Things, url.slice(7));
    await client.get({ stringValue: "a" });
    const { protocol, call, end } = await ended(seen);
    expect(protocol).toBe("grpc");
    expect(call?.method).toBe(path("Get"));
    expect(end).toMatchObject({ protocol: "grpc", code: Code.OK, status: 200, route: path("Get"), method: Things.method.get });
    seen.length = 0;
    await Array.fromAsync(client.talk([{}, {}]));
    expect((await ended(seen)).end).toMatchObject({ code: Code.OK, route: path("Talk") });
    seen.length = 0;
    await expect(client.get({ stringValue: "fail" })).rejects.toThrow();
    expect((await ended(seen)).end).toMatchObject({ code: Code.NOT_FOUND });
    seen.length = 0;
    await expect(client.get({ stringValue: "never" }, { timeoutMs: 100 })).rejects.toThrow();
    expect([Code.DEADLINE_EXCEEDED, Code.CANCELLED]).toContain((await ended(seen)).end?.code);
    expect(received).toEqual(["1", "1", "1", "1"]);
  });
});

test("a request without a route has no call and no route", async () => {
  const { url, seen } = await start("in process");
  await (await fetch(`${url}/nothing`)).text();
  const { calls, end } = await ended(seen);
  expect(calls).toBe(0);
  expect(end).toMatchObject({ status: 404, route: undefined, method: undefined, callEndedAt: undefined });
});

test("a call that a hook rejects has a route and a method, and no call", async () => {
  const { url, seen } = await start("in process", {
    hooks: {
      metadata: () => {
        throw new RpcError(Code.UNAUTHENTICATED, "who are you?");
      },
    },
  });
  await (await fetch(`${url}/v1/query`)).text();
  const { calls, end } = await ended(seen);
  expect(calls).toBe(0);
  expect(end).toMatchObject({ status: 401, code: Code.UNAUTHENTICATED, route: "/v1/query", method: Things.method.get });
});

test("the fields of the observer are in the lines of its requests, in all protocols", async () => {
  const lines: object[] = [];
  const logger = { info: (fields: object) => lines.push(fields), warn() {}, error() {} };
  const { url, port } = await start("in process", { logger });
  await (await fetch(`${url}/v1/query`)).text();
  using client = createClient(Things, url.slice(7));
  await client.get({});
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/talk`);
  await once(socket, "open");
  socket.send("");
  await once(socket, "close");
  await expect.poll(() => lines.length).toBe(3);
  expect(lines).toMatchObject([{ trace_id: "1" }, { trace_id: "2" }, { trace_id: "3" }]);
});

test("an observer that throws changes nothing, and its errors are logged", async () => {
  const errors: object[] = [];
  const logger = { info() {}, warn() {}, error: (fields: object) => errors.push(fields) };
  const fault = () => {
    throw new Error("a fault");
  };
  const { url } = await start("in process", { logger, observe: () => ({ call: fault, end: fault }) });
  expect((await fetch(`${url}/v1/query`)).status).toBe(200);
  await expect.poll(() => errors.length).toBe(2);
  const other = await start("in process", { logger, observe: fault });
  expect((await fetch(`${other.url}/v1/query`)).status).toBe(200);
  expect(errors).toHaveLength(3);
  expect(errors.map((fields) => String((fields as { err?: unknown }).err))).toEqual(Array.from({ length: 3 }, () => "Error: a fault"));
});

test.each(transports)(
  "%s: an observer of messages or attempts that throws breaks no relayed call, and its errors are logged",
  async (transport) => {
    const errors: object[] = [];
    const logger = { info() {}, warn() {}, error: (fields: object) => errors.push(fields) };
    const fault = () => {
      throw new Error("a fault");
    };
    const call = (observed: ObservedCall) => {
      observed.onMessageSize(fault);
      observed.onAttempt(fault);
    };
    const { url } = await start(transport, { logger, observe: () => ({ call }) });
    using client = createClient(Things, url.slice(7));
    expect((await client.get({ stringValue: "a" }, { timeoutMs: 5000 })).stringValue).toBe("a");
    expect(await Array.fromAsync(client.talk([{}, {}], { timeoutMs: 5000 }))).toHaveLength(2);
    // The messages in both directions.
    expect(errors.length).toBeGreaterThanOrEqual(2 + 4);
  },
);

test.each([
  ["connect", createConnectTransport],
  ["grpc-web", createGrpcWebTransport],
] as const)("%s, in binary and in JSON: messages whose sizes are observed keep their content", async (_, create) => {
  const sizes: number[] = [];
  const observe: GatewayObserver = () => ({ call: (call) => call.onMessageSize(({ bytes }) => sizes.push(bytes)) });
  const { url } = await start("over a socket", { observe });
  for (const useBinaryFormat of [true, false]) {
    sizes.length = 0;
    const client = createConnectClient(Things, create({ baseUrl: url, httpVersion: "1.1", useBinaryFormat }));
    expect(await client.get({ stringValue: "a" })).toMatchObject({ stringValue: "a" });
    expect(await Array.fromAsync(client.list({ count: 2 }))).toMatchObject([{ int32Value: 0 }, { int32Value: 1 }]);
    expect(sizes).toHaveLength(5);
  }
});

test("observe must be a function", async () => {
  await expect(start("in process", { observe: {} as never })).rejects.toThrow("observe must be a function, got {}");
});
