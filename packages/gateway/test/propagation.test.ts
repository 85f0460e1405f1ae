// Handlers behind a gateway that call on: over REST in front, over gRPC and REST in the middle.
import { setTimeout as delay } from "node:timers/promises";
import { type CallOptions, Code, type Context, createChannel, createClient, createServer, implement, RpcError } from "@grpc-study/rpc";
import { expect, onTestFinished, test } from "vitest";
import { listen, startGateway, type Transport, transports } from "./gateway.ts";
import { Things } from "./gen/things_pb.js";

type Seen = Pick<Context, "deadline" | "signal"> & { readonly metadata: Record<string, unknown> };

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const kinds = ["unary", "stream"] as const;

/** What the last hop does. A request for a stream has no text, but a number. */
const texts = ["x", "fail", "wait"] as const;
type Text = (typeof texts)[number];
const textOf = (count: number): Text => texts[count] ?? "x";
const path = (kind: (typeof kinds)[number], text: string) =>
  kind === "unary" ? `/v1/things/${text}` : `/v1/list?count=${texts.indexOf(text as Text)}`;

/** Waits until a condition holds. */
async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !condition(); await delay(5)) if (Date.now() > end) throw new Error(`not: ${condition}`);
}

/** The last hop: records its calls. Waits for its end if the request says `wait`. */
function lastHop() {
  const seen: Seen[] = [];
  const run = async (text: string, { deadline, signal, metadata }: Context) => {
    seen.push({ deadline, signal, metadata: Object.fromEntries(metadata) });
    if (text === "fail") throw new RpcError(Code.FAILED_PRECONDITION, "not now");
    if (text === "wait") await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    return { stringValue: text };
  };
  const implementation = implement(Things, {
    get: ({ stringValue }, context) => run(stringValue, context),
    async *list({ count }, context) {
      yield await run(textOf(count), context);
    },
  });
  return { seen, implementation };
}

/**
 * How the handler behind the first gateway reaches the last hop: over the gRPC port of a second
 * gateway, or over its REST API, which runs in the process of the handler.
 */
const middles = {
  "gRPC through a gateway": async (last: ReturnType<typeof lastHop>, transport: Transport) => {
    const { port } = await startGateway(last.implementation, { transport });
    const channel = createChannel(`127.0.0.1:${port}`, { pool: false });
    onTestFinished(() => channel.close());
    const client = createClient(Things, channel);
    return async (kind: (typeof kinds)[number], stringValue: Text) => {
      if (kind === "unary") return (await client.get({ stringValue })).stringValue;
      return (await Array.fromAsync(client.list({ count: texts.indexOf(stringValue) })))[0]?.stringValue ?? "";
    };
  },
  "REST in the process": async (last: ReturnType<typeof lastHop>, transport: Transport) => {
    const { gateway } = await startGateway(last.implementation, { transport });
    return async (kind: (typeof kinds)[number], stringValue: Text) => {
      const response = await gateway.fetch(new Request(`http://gateway.example${path(kind, stringValue)}`));
      const text = await response.text();
      if (!response.ok || /"(?:error|code)"/.test(text)) throw new RpcError(Code.FAILED_PRECONDITION, text);
      return stringValue;
    };
  },
};

const ways = transports.flatMap((transport) =>
  Object.entries(middles).flatMap(([middle, start]) => kinds.map((kind) => ({ transport, middle, start, kind }))),
);

/** Starts the last hop, the middle, and a gateway in front of the handler between them. */
async function chain({ transport, start, kind }: (typeof ways)[number]) {
  const last = lastHop();
  const call = await start(last, transport);
  const failures: unknown[] = [];
  const run = async (stringValue: Text) => {
    try {
      return { stringValue: await call(kind, stringValue) };
    } catch (error) {
      failures.push(error);
      throw error;
    }
  };
  const first = implement(Things, {
    get: ({ stringValue }) => run(stringValue as Text),
    async *list({ count }) {
      yield await run(textOf(count));
    },
  });
  const { url, port } = await startGateway(first, { transport });
  const get = (text: Text, init?: RequestInit) => fetch(`${url}${path(kind, text)}`, init);
  return { get, port, seen: last.seen, failures };
}

test.each(ways)("upstreams $transport, $middle, $kind: trace and deadline of a REST request reach the last hop", async (way) => {
  const { get, seen } = await chain(way);
  const headers = { traceparent, baggage: "a=1", "x-request-id": "r1", authorization: "Bearer secret", "grpc-timeout": "60S" };
  const response = await get("x", { headers });
  expect([response.status, response.headers.get("x-request-id")]).toEqual([200, "r1"]);
  await response.text();
  const [call] = seen;
  expect(call?.metadata).toMatchObject({ traceparent, baggage: "a=1" });
  expect(call?.metadata).not.toHaveProperty("authorization");
  // A REST request has an id of its own, unless it names one.
  if (way.middle.startsWith("gRPC")) expect(call?.metadata).toMatchObject({ "x-request-id": "r1" });
  const left = (call?.deadline?.getTime() ?? 0) - Date.now();
  expect(left).toBeGreaterThan(50_000);
  expect(left).toBeLessThanOrEqual(60_003);
});

test.each(ways)("upstreams $transport, $middle, $kind: a browser that leaves cancels the last hop", async (way) => {
  const { get, seen, failures } = await chain(way);
  const controller = new AbortController();
  const left = get("wait", { signal: controller.signal }).then(
    (response) => response.text(),
    () => {},
  );
  await until(() => seen.length === 1);
  controller.abort();
  await left.catch(() => {});
  await until(() => seen[0]?.signal.aborted === true && failures.length === 1);
  expect(seen[0]?.signal.reason).toMatchObject({ code: Code.CANCELLED });
});

test.each(ways)("upstreams $transport, $middle, $kind: the deadline of a REST request ends the last hop", async (way) => {
  const { get, seen, failures } = await chain(way);
  const response = await get("wait", { headers: { "grpc-timeout": "200m" } });
  expect(await response.text()).toMatch(/deadline exceeded|DEADLINE_EXCEEDED/);
  await until(() => seen[0]?.signal.aborted === true && failures.length === 1);
  expect([Code.DEADLINE_EXCEEDED, Code.CANCELLED]).toContain(RpcError.from(seen[0]?.signal.reason).code);
});

test.each(ways)("upstreams $transport, $middle, $kind: a failure of the last hop comes back", async (way) => {
  const { get, failures } = await chain(way);
  const response = await get("fail");
  expect(await response.text()).toContain("not now");
  expect(failures).toHaveLength(1);
});

test.each(ways)("upstreams $transport, $middle, $kind: a gRPC caller in front is like a browser", async (way) => {
  const { port, seen } = await chain(way);
  const channel = createChannel(`127.0.0.1:${port}`, { pool: false });
  onTestFinished(() => channel.close());
  const client = createClient(Things, channel);
  const call = async (stringValue: Text, options: CallOptions): Promise<unknown> =>
    way.kind === "unary"
      ? client.get({ stringValue }, options)
      : Array.fromAsync(client.list({ count: texts.indexOf(stringValue) }, options));
  await call("x", { timeoutMs: 60_000, metadata: { traceparent } });
  expect(seen[0]?.metadata).toMatchObject({ traceparent });
  expect(seen[0]?.deadline?.getTime()).toBeGreaterThan(Date.now() + 50_000);
  const controller = new AbortController();
  const failed = call("wait", { signal: controller.signal }).catch((error: unknown) => error);
  await until(() => seen.length === 2);
  controller.abort();
  expect(await failed).toMatchObject({ code: Code.CANCELLED });
  await until(() => seen[1]?.signal.aborted === true);
});

test("a gateway in the middle that dies fails the caller, and cancels the last hop", async () => {
  const last = lastHop();
  const second = await startGateway(last.implementation, { transport: "over a socket", graceMs: 0 });
  const channel = createChannel(`127.0.0.1:${second.port}`, { pool: false });
  onTestFinished(() => channel.close());
  const client = createClient(Things, channel);
  const server = createServer();
  server.add(implement(Things, { get: ({ stringValue }) => client.get({ stringValue }) }));
  onTestFinished(() => server.shutdown({ graceMs: 0, abortMs: 0 }).then(() => {}));
  const { url } = await listen({ services: [Things], upstream: server.channel(), allowedHosts: ["*"] });
  const response = fetch(`${url}/v1/things/wait`);
  await until(() => last.seen.length === 1);
  await second.gateway.close();
  expect((await response).status).toBe(503);
  await until(() => last.seen[0]?.signal.aborted === true);
});
