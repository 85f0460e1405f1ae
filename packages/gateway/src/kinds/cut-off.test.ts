// An aborted upload is never mistaken for a complete one: the handler is cancelled, or not called.
import { constants } from "node:http2";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Code, type Handlers, implement, RpcError } from "@grpc-study/rpc";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { startGateway, type Transport, transports } from "../../test/gateway.ts";
import { Things } from "../../test/gen/things_pb.js";
import { data, frame, opening, requestHeader, reset } from "../../test/http2-frames.ts";
import type { GatewayOptions } from "../options.ts";

async function start(transport: Transport, options: Partial<GatewayOptions> = {}) {
  const started: string[] = [];
  const ends: string[] = [];
  const read = async (name: string, requests: AsyncIterable<unknown>) => {
    started.push(name);
    try {
      for await (const _ of requests);
      ends.push("complete");
    } catch (error) {
      ends.push(Code[RpcError.from(error).code] ?? "");
    }
    return {};
  };
  const handlers: Handlers<typeof Things> = {
    sum: (requests) => read("sum", requests),
    upload: (requests) => read("upload", requests),
    async *talk(requests) {
      yield await read("talk", requests);
    },
    raw: (request) => {
      started.push("raw");
      return request;
    },
    create: (request) => {
      started.push("create");
      return request;
    },
  };
  const running = await startGateway(implement(Things, handlers), { transport, graceMs: 0, ...options });
  return { ...running, started, ends };
}

const streams = ["/v1/sum", "/v1/talk/a", "/v1/upload/a"];
const wholes = ["/v1/raw", "/v1/things"];
const contentType = (path: string) => (path.includes("sum") || path.includes("talk") ? "application/x-ndjson" : "application/json");

/** Sends an incomplete HTTP/2 request on a new connection. */
function request(port: number, path: string): Socket {
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  onTestFinished(() => void socket.destroy());
  const header = requestHeader(1, { ":method": "POST", ":path": path, "content-type": contentType(path) });
  socket.write(Buffer.concat([opening, header, data(1, "{}\n")]));
  return socket;
}

/** The ways in which an HTTP/2 client may abort a body. */
const exits: Readonly<Record<string, (socket: Socket) => void>> = {
  "resets its stream": (socket) => socket.write(reset(1, constants.NGHTTP2_CANCEL)),
  "resets its stream without an error": (socket) => socket.write(reset(1, constants.NGHTTP2_NO_ERROR)),
  "sends GOAWAY and closes its connection": (socket) => socket.end(frame(7, 0, 0, Buffer.alloc(8))),
  "half-closes its connection": (socket) => socket.end(),
  "resets its connection": (socket) => socket.resetAndDestroy(),
};

describe.each(transports)("%s", (transport) => {
  test.each(Object.keys(exits))("an HTTP/2 client that %s cancels the upload", async (exit) => {
    const { port, started, ends } = await start(transport);
    for (const path of [...streams, ...wholes]) {
      const socket = request(port, path);
      if (streams.includes(path)) await vi.waitUntil(() => started.length > ends.length);
      else await delay(50);
      exits[exit]?.(socket);
      if (streams.includes(path)) await vi.waitUntil(() => started.length === ends.length);
    }
    await delay(50);
    expect(started).toEqual(["sum", "talk", "upload"]);
    expect(ends).toEqual(["CANCELLED", "CANCELLED", "CANCELLED"]);
  });

  test.each(["destroy", "resetAndDestroy", "end"] as const)("an HTTP/1.1 client that aborts (%s) cancels the upload", async (exit) => {
    const { port, started, ends } = await start(transport);
    for (const path of [...streams, ...wholes]) {
      for (const length of ["Content-Length: 100\r\n\r\n{}\n", "Transfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n"]) {
        const socket = connect(port, "127.0.0.1").on("error", () => {});
        socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${contentType(path)}\r\n${length}`);
        if (streams.includes(path)) await vi.waitUntil(() => started.length > ends.length);
        else await delay(50);
        socket[exit]();
        if (streams.includes(path)) await vi.waitUntil(() => started.length === ends.length);
        socket.destroy();
      }
    }
    await delay(50);
    expect(started).toEqual(["sum", "sum", "talk", "talk", "upload", "upload"]);
    expect(new Set(ends)).toEqual(new Set(["CANCELLED"]));
  });

  test("a stalled body, a deadline and a shutdown cancel the upload", async () => {
    const { url, gateway, started, ends } = await start(transport, { bodyTimeoutMs: 200 });
    const patient = await start(transport);
    const upload = (to: string, path: string, headers: Record<string, string> = {}) => {
      const body = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("{}\n")) });
      const init = { method: "POST", duplex: "half" as const, headers: { "content-type": contentType(path), ...headers }, body };
      return fetch(to + path, init).then(
        ({ status }) => status,
        () => 0,
      );
    };
    const stopped = await Promise.all(streams.map((path) => upload(url, path)));
    // The header of a bidirectional stream may have been sent.
    expect([408, 408, 408]).toEqual(stopped);
    await vi.waitUntil(() => ends.length === 3);
    expect(await Promise.all(streams.map((path) => upload(patient.url, path, { "grpc-timeout": "100m" })))).toEqual([504, 504, 504]);
    await vi.waitUntil(() => patient.ends.length === 3);
    const running = streams.map((path) => upload(patient.url, path));
    await vi.waitUntil(() => patient.started.length === 6);
    await patient.gateway.close();
    await Promise.all(running);
    await vi.waitUntil(() => patient.ends.length === 6);
    expect([...ends, ...patient.ends]).not.toContain("complete");
    expect(started).toHaveLength(3);
    await gateway.close();
  });
});
