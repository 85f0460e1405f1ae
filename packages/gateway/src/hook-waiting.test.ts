// A call that waits for the hook `metadata` is a call: it counts, its time limit runs, and the end of
// its client or of the gateway ends it. In all protocols.
import { once } from "node:events";
import { Code, createChannel, createClient, implement, RpcError } from "@grpc-study/rpc";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { startGateway, type TestGateway } from "../test/gateway.ts";
import { Things } from "../test/gen/things_pb.js";
import type { GatewayServerOptions } from "./options.ts";

/** How a call ended. */
type Outcome = readonly [code: number, message: string];
/** Makes a call that ends when the signal aborts. */
type Call = (gateway: TestGateway, signal: AbortSignal) => Promise<Outcome>;

const path = `/${Things.typeName}`;

async function post(url: string, type: string, body: string | Buffer, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { method: "POST", headers: { "content-type": type }, body, signal });
  return response.text();
}

const codes: Readonly<Record<string, Code>> = {
  unavailable: Code.UNAVAILABLE,
  deadline_exceeded: Code.DEADLINE_EXCEEDED,
  resource_exhausted: Code.RESOURCE_EXHAUSTED,
};

const calls: Readonly<Record<string, Call>> = {
  REST: async ({ url }, signal) => {
    const { code, message } = (await (await fetch(`${url}/v1/query`, { signal })).json()) as { code: Code; message: string };
    return [code, message];
  },
  fetch: async ({ gateway }, signal) => {
    const { code, message } = (await (await gateway.fetch("/v1/query", { signal })).json()) as { code: Code; message: string };
    return [code, message];
  },
  Connect: async ({ url }, signal) => {
    const { code, message } = JSON.parse(await post(`${url}${path}/Get`, "application/json", "{}", signal));
    return [codes[code] ?? Code.UNKNOWN, message];
  },
  "a stream of Connect": async ({ url }, signal) => {
    const text = await post(`${url}${path}/List`, "application/connect+json", Buffer.from("\0\0\0\0\x02{}"), signal);
    const { code, message } = JSON.parse(text.slice(5)).error;
    return [codes[code] ?? Code.UNKNOWN, message];
  },
  "gRPC-Web": async ({ url }, signal) => {
    const text = await post(`${url}${path}/Get`, "application/grpc-web+proto", Buffer.alloc(5), signal);
    const [, code, message = ""] = /grpc-status: (\d+)\r\ngrpc-message: ([^\r]*)/.exec(text) ?? [];
    return [Number(code), decodeURIComponent(message)];
  },
  gRPC: async ({ port }, signal) => {
    const channel = createChannel(`127.0.0.1:${port}`);
    try {
      const { code, message } = await createClient(Things, channel)
        .get({}, { signal })
        .then(() => new RpcError(Code.OK, ""), RpcError.from);
      return [code, message];
    } finally {
      channel.close();
    }
  },
  "a stream of gRPC": async ({ port }, signal) => {
    const channel = createChannel(`127.0.0.1:${port}`);
    try {
      await createClient(Things, channel).sum([{}], { signal });
      return [Code.OK, ""];
    } catch (error) {
      const { code, message } = RpcError.from(error);
      return [code, message];
    } finally {
      channel.close();
    }
  },
  "a WebSocket": async ({ url }, signal) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/v1/list`);
    signal.addEventListener("abort", () => socket.terminate());
    const [code, reason] = await once(socket, "close");
    return [code - 4000, String(reason)];
  },
};

/** Starts a gateway whose hook never answers while `open` is false. */
async function start(options: Partial<GatewayServerOptions>) {
  let asked = 0;
  const state = { open: false };
  const waiting = new Set<() => void>();
  const implementation = implement(Things, { get: (thing) => thing, async *list() {}, sum: () => ({}) });
  const gateway = await startGateway(implementation, {
    graceMs: 0,
    hooks: {
      metadata: () => {
        asked++;
        for (const resume of waiting) resume();
        return state.open ? {} : new Promise(() => {});
      },
    },
    ...options,
  });
  return {
    gateway,
    state,
    /** Resolves once the hook has been asked `count` times. */
    async asked(count: number) {
      while (asked < count) await new Promise<void>((resolve) => waiting.add(resolve));
    },
  };
}

describe.each(Object.entries(calls))("while the hook waits, %s", (_name, call) => {
  test("counts, and ends when its client goes away", async () => {
    const { gateway, asked } = await start({ maxCalls: 1 });
    const abort = new AbortController();
    const first = call(gateway, abort.signal).catch(() => {});
    await asked(1);
    expect(await call(gateway, AbortSignal.timeout(10_000))).toEqual([
      Code.UNAVAILABLE,
      "the gateway has 1 calls in flight, which is its limit",
    ]);
    abort.abort();
    await first;
    // The next call is admitted once the gateway has noticed.
    const next = new AbortController();
    onTestFinished(() => next.abort());
    for (let admitted = false; !admitted; ) {
      const later = call(gateway, next.signal).then(
        ([code]) => code === Code.UNAVAILABLE,
        () => true,
      );
      admitted = (await Promise.race([later.then(() => "ended"), asked(2).then(() => "asked")])) === "asked";
    }
  });

  test("ends with the gateway", async () => {
    const { gateway, asked } = await start({});
    const outcome = call(gateway, AbortSignal.timeout(10_000));
    await asked(1);
    await gateway.gateway.close();
    expect(await outcome).toEqual([Code.UNAVAILABLE, "the gateway is shutting down"]);
  });

  test("ends at its time limit", async () => {
    const { gateway } = await start({ timeoutMs: 20 });
    expect(await call(gateway, AbortSignal.timeout(10_000))).toEqual([Code.DEADLINE_EXCEEDED, "deadline exceeded"]);
  });
});

test("the time that the hook takes is part of the time limit", async () => {
  const left: number[] = [];
  const implementation = implement(Things, {
    get: (thing, { deadline }) => {
      left.push((deadline?.getTime() ?? 0) - Date.now());
      return thing;
    },
  });
  const metadata = async () => void (await new Promise((resolve) => setTimeout(resolve, 100)));
  const { url } = await startGateway(implementation, { timeoutMs: 60_000, hooks: { metadata } });
  expect((await fetch(`${url}/v1/query`)).status).toBe(200);
  expect(left[0]).toBeLessThan(59_950);
});

test("the end of the gateway ends a WebSocket that has not sent its request", async () => {
  const rules = [{ selector: `${Things.typeName}.List`, pattern: { case: "post", value: "/list" }, body: "*" }] as const;
  const { gateway, state } = await start({ rules });
  state.open = true;
  const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/list`);
  const closed = once(socket, "close");
  await once(socket, "open");
  await new Promise((resolve) => setTimeout(resolve, 50));
  await gateway.gateway.close();
  const [code, reason] = await closed;
  expect([code, String(reason)]).toEqual([4000 + Code.UNAVAILABLE, "the gateway is shutting down"]);
});
