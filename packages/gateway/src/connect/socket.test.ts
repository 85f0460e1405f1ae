// Connect over a WebSocket: headers in the first frame, messages, half-close, status with details, trailer.
import { once } from "node:events";
import { Code, type Context, codeFrom, detail, implement, RpcError } from "@grpc-study/rpc";
import { BadRequestSchema } from "@grpc-study/rpc/error-details";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { startGateway, transports } from "../../test/gateway.ts";
import { Calls, type Note } from "../../test/gen/calls_pb.js";
import type { ObservedEnd } from "../observe.ts";
import type { GatewayOptions } from "../options.ts";

describe.each(transports)("%s", (transport) => {
  async function start(options: Partial<GatewayOptions> = {}) {
    const cancelled: string[] = [];
    const seen: Context["metadata"][] = [];
    const fail = ({ code, text }: Note) => {
      if (code !== 0)
        throw new RpcError(codeFrom(code), text, { details: [detail(BadRequestSchema, { fieldViolations: [{ field: "text" }] })] });
    };
    const see = (name: string, { metadata, header, trailer, signal }: Context) => {
      seen.push(metadata);
      header.set("x-name", name).set("x-bytes-bin", Uint8Array.of(1, 255));
      trailer.set("x-cost", "3");
      signal.addEventListener("abort", () => cancelled.push(name));
    };
    const calls = implement(Calls, {
      echo(note, context) {
        see("echo", context);
        fail(note);
        return note;
      },
      async *repeat(note, context) {
        see("repeat", context);
        for (let count = 0; count < note.count; count++) yield { text: note.text, count };
        fail(note);
      },
      async join(notes, context) {
        see("join", context);
        const texts: string[] = [];
        for await (const note of notes) {
          fail(note);
          texts.push(note.text);
        }
        return { text: texts.join(" "), count: texts.length };
      },
      async *chat(notes, context) {
        see("chat", context);
        for await (const note of notes) {
          fail(note);
          yield note;
        }
      },
    });
    const { url } = await startGateway(calls, { transport, graceMs: 0, ...options });
    const open = (method: string, headers: Record<string, string> | "none" = {}, subprotocol = "connect.json") => {
      const socket = new WebSocket(`${url.replace("http", "ws")}/${Calls.typeName}/${method}`, [subprotocol]);
      onTestFinished(() => socket.terminate());
      const frames: string[] = [];
      socket.on("message", (data) => frames.push(String(data)));
      socket.on("error", () => {});
      const closed = new Promise<number>((resolve) => socket.on("close", (code) => resolve(code)));
      const status = new Promise<number | undefined>((resolve) => {
        socket.on("unexpected-response", (_request, { statusCode }) => resolve(statusCode));
        socket.on("open", () => resolve(101));
      });
      const send = (...texts: string[]) => {
        for (const text of texts) socket.send(text);
      };
      if (headers !== "none") socket.once("open", () => send(JSON.stringify({ headers })));
      return { socket, frames, closed, status, send, messages: () => frames.filter((frame) => frame.startsWith('{"message"')) };
    };
    return { open, seen, cancelled };
  }

  const header = JSON.stringify({ headers: { "x-name": ["NAME"], "x-bytes-bin": ["Af8"] } });
  const headerOf = (name: string) => header.replace("NAME", name);
  const okEnd = '{"end":{"metadata":{"x-cost":["3"]}}}';

  test.each([
    ["Echo", "echo", ['{"text":"a"}'], ['{"message":{"text":"a"}}']],
    ["Repeat", "repeat", ['{"text":"a","count":2}'], ['{"message":{"text":"a"}}', '{"message":{"text":"a","count":1}}']],
    ["Join", "join", ['{"text":"a"}', '{"text":"b"}', ""], ['{"message":{"text":"a b","count":2}}']],
    ["Chat", "chat", ['{"text":"a"}', '{"text":"b"}', ""], ['{"message":{"text":"a"}}', '{"message":{"text":"b"}}']],
  ])("%s has the header, messages, and the status with the trailer", async (method, name, requests, messages) => {
    const { open } = await start();
    const { status, send, closed, frames } = open(method);
    expect(await status).toBe(101);
    send(...requests);
    expect(await closed).toBe(1000);
    expect(frames).toEqual([headerOf(name), ...messages, okEnd]);
  });

  test("a bidirectional stream answers each message before the next one is sent", async () => {
    const { open } = await start();
    const { status, send, messages, closed } = open("Chat");
    await status;
    for (let count = 1; count <= 3; count++) {
      send(`{"count":${count}}`);
      await vi.waitUntil(() => messages().length === count, { timeout: 10_000 });
    }
    send("");
    expect(await closed).toBe(1000);
  });

  test.each(["Echo", "Repeat", "Join", "Chat"])(
    "%s that fails ends with the code, the message, details and the trailer",
    async (method) => {
      const { open } = await start();
      const { status, send, closed, frames } = open(method);
      await status;
      send('{"text":"没有","code":5}');
      expect(await closed).toBe(1000);
      const { end } = JSON.parse(frames.at(-1) ?? "");
      expect(end).toEqual({
        error: {
          code: "not_found",
          message: "没有",
          details: [{ type: "google.rpc.BadRequest", value: expect.any(String), debug: { fieldViolations: [{ field: "text" }] } }],
        },
        metadata: { "x-cost": ["3"] },
      });
    },
  );

  test("the headers of the first frame are metadata and the deadline", async () => {
    const { open, seen } = await start();
    const { status, send, closed, frames } = open("Chat", {
      Authorization: "Bearer s3cret",
      "x-tenant": "a b",
      "x-key-bin": "AQL/",
      "connect-timeout-ms": "300",
    });
    await status;
    send("{}");
    expect(await closed).toBe(1000);
    expect(JSON.parse(frames.at(-1) ?? "")).toMatchObject({ end: { error: { code: "deadline_exceeded" } } });
    expect([seen[0]?.get("authorization"), seen[0]?.get("x-tenant"), seen[0]?.getBytes("x-key-bin")]).toEqual([
      "Bearer s3cret",
      "a b",
      Buffer.from([1, 2, 255]),
    ]);
  });

  test("hooks see the headers of the first frame, and can reject the call", async () => {
    const metadata: NonNullable<GatewayOptions["hooks"]>["metadata"] = ({ request, protocol }) => {
      if (request.headers["authorization"] !== "Bearer s3cret") throw new RpcError(Code.UNAUTHENTICATED, "no token");
      return { "x-user": protocol };
    };
    const { open, seen } = await start({ hooks: { metadata } });
    const rejected = open("Chat");
    await rejected.closed;
    expect(rejected.frames).toEqual(['{"end":{"error":{"code":"unauthenticated","message":"no token"}}}']);
    const taken = open("Chat", { authorization: "Bearer s3cret" });
    await taken.status;
    taken.send("");
    await taken.closed;
    expect(seen.map((one) => one.get("x-user"))).toEqual(["connect"]);
  });

  test.each(["Repeat", "Chat"])("a client that closes %s cancels the call", async (method) => {
    const { open, cancelled } = await start();
    const { socket, status, send, messages } = open(method);
    await status;
    send(method === "Repeat" ? '{"count":100000000}' : "{}");
    await vi.waitUntil(() => messages().length > 0, { timeout: 10_000 });
    socket.close();
    await vi.waitUntil(() => cancelled.length > 0, { timeout: 10_000 });
  });

  test("with a window, the client gets as many messages as it asks for", async () => {
    const { open } = await start();
    const { socket, status, send, messages, closed, frames } = open("Repeat", "none");
    await status;
    send('{"window":3}', '{"count":10}');
    for (const [count, credit] of [
      [3, "+2"],
      [5, "+100"],
    ] as const) {
      await vi.waitUntil(() => messages().length >= count, { timeout: 10_000 });
      const pong = once(socket, "pong");
      socket.ping();
      await pong;
      expect(messages().length).toBe(count);
      send(credit);
    }
    expect(await closed).toBe(1000);
    expect(messages().length).toBe(10);
    expect(frames.at(-1)).toBe(okEnd);
  });

  test("credit behind more requests than the gateway buffers does not stop the call", async () => {
    const { open } = await start();
    const { socket, status, send, messages, closed } = open("Chat", "none");
    await status;
    socket.on("message", () => send("+1"));
    const request = JSON.stringify({ text: "a".repeat(10_000) });
    send('{"window":1}', ...Array.from({ length: 1000 }, () => request), "");
    expect(await closed).toBe(1000);
    expect(messages().length).toBe(1000);
  });

  test.each(["+5", "+0", "+", "+1e3"])("without a window, or malformed, the credit %s is no message", async (credit) => {
    const { open } = await start();
    const { status, send, closed, frames } = open("Chat", "none");
    await status;
    send(credit === "+5" ? "{}" : '{"window":1}', credit);
    await closed;
    expect(JSON.parse(frames.at(-1) ?? "")).toMatchObject({ end: { error: { code: "invalid_argument" } } });
  });

  test.each([
    ["[]", "the first frame must be an object"],
    ["{", "the first frame must be JSON"],
    ["", "the first frame must be JSON"],
    ['{"header":{}}', 'unknown field "header"'],
    ['{"window":0}', "window of the first frame must be an integer from 1, got"],
    ['{"window":"5"}', "window of the first frame must be an integer from 1, got"],
    ['{"headers":[]}', "headers of the first frame must be an object"],
    ['{"headers":{"a b":"c"}}', "is not the name of a header"],
    ['{"headers":{"a":1}}', "must be printable ASCII"],
    ['{"headers":{"a":"单"}}', "must be printable ASCII"],
    ['{"headers":{"cookie":"a=b"}}', "cannot set the header"],
    ['{"headers":{"Origin":"https://a.example"}}', "cannot set the header"],
    ['{"headers":{"x-forwarded-for":"1.2.3.4"}}', "cannot set the header"],
    ['{"headers":{"grpc-timeout":"1S"}}', "cannot set the header"],
    ['{"headers":{"connect-timeout-ms":"-1"}}', "connect-timeout-ms must be"],
  ])("the first frame %s is INVALID_ARGUMENT", async (frame, message) => {
    const { open } = await start();
    const { status, send, closed, frames } = open("Chat", "none");
    await status;
    send(frame);
    expect(await closed).toBe(1000);
    expect(JSON.parse(frames.at(-1) ?? "")).toEqual({
      end: { error: { code: "invalid_argument", message: expect.stringContaining(message) } },
    });
  });

  test("a message that is not valid is INVALID_ARGUMENT", async () => {
    const { open } = await start();
    const { status, send, closed, frames } = open("Chat");
    await status;
    send('{"count":"x"}');
    await closed;
    expect(JSON.parse(frames.at(-1) ?? "")).toMatchObject({ end: { error: { code: "invalid_argument" } } });
  });

  test("the first frame must arrive in time", async () => {
    const { open } = await start({ bodyTimeoutMs: 100 });
    const { closed, frames } = open("Chat", "none");
    expect(await closed).toBe(1000);
    expect(JSON.parse(frames.at(-1) ?? "")).toMatchObject({ end: { error: { code: "deadline_exceeded" } } });
  });

  test.each([
    ["malformed", "INVALID_ARGUMENT"],
    ["late", "DEADLINE_EXCEEDED"],
    ["missing", "CANCELLED"],
  ])("a first frame that is %s has a line in the access log, without its text, and is observed", async (fault, code) => {
    const lines: object[] = [];
    const ends: ObservedEnd[] = [];
    const info = (fields: object, message: string) => void (message === "request" && lines.push(fields));
    const { open } = await start({
      bodyTimeoutMs: fault === "late" ? 100 : 10_000,
      logger: { info, warn: info, error: info },
      observe: () => ({ logFields: { trace_id: "1" }, end: (end) => void ends.push(end) }),
    });
    const { socket, status, send, closed } = open("Chat", "none");
    await status;
    if (fault === "malformed") send('{"authorization":"s3cret');
    if (fault === "missing") socket.close();
    await closed;
    await vi.waitUntil(() => lines.length > 0);
    expect(lines).toEqual([
      {
        reqId: expect.any(String),
        method: "WEBSOCKET",
        path: `/${Calls.typeName}/Chat`,
        protocol: "connect",
        grpc: code,
        durationMs: expect.any(Number),
        peer: "127.0.0.1",
        trace_id: "1",
      },
    ]);
    expect(JSON.stringify(lines)).not.toContain("s3cret");
    expect(ends).toEqual([
      expect.objectContaining({ protocol: "connect", code: Code[code as "CANCELLED"], status: 101, method: undefined }),
    ]);
  });

  test("without the subprotocol, or without Connect, the path of a method has no WebSocket", async () => {
    expect(await (await start()).open("Chat", {}, "other").status).toBe(404);
    expect(await (await start({ protocols: ["grpc-web", "grpc"] })).open("Chat").status).toBe(404);
  });

  test("an unknown method is 404", async () => {
    expect(await (await start()).open("None").status).toBe(404);
  });

  test("a call without a request is UNIMPLEMENTED", async () => {
    const { open } = await start();
    const { status, send, closed, frames } = open("Repeat");
    await status;
    send("");
    await closed;
    expect(JSON.parse(frames.at(-1) ?? "")).toMatchObject({ end: { error: { code: "unimplemented" } } });
  });
});
