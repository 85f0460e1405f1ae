// Handshakes of WebSockets that Fastify answers itself: their connections end, and so does the app.
import { once } from "node:events";
import { connect } from "node:net";
import { createServer, implement } from "@grpc-study/rpc";
import Fastify from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { Things } from "../../test/gen/things_pb.js";
import { fastifyGateway } from "./fastify.ts";

async function start(prefixes: readonly string[]) {
  const server = createServer();
  server.add(
    implement(Things, {
      async *talk(things) {
        yield* things;
      },
    }),
  );
  const app = Fastify();
  app.addHook("onRequest", async (request, reply) => {
    if (request.headers["x-block"] !== undefined) await reply.code(401).send("blocked");
  });
  app.get("/other", async () => "other");
  for (const prefix of prefixes) await app.register(fastifyGateway, { prefix, services: [Things], upstream: server.channel(), graceMs: 0 });
  const address = await app.listen({ host: "127.0.0.1", port: 0 });
  onTestFinished(async () => {
    await app.close();
    await server.shutdown();
  });
  return { app, port: Number(new URL(address).port) };
}

/** Sends a handshake, and leaves the connection open. Returns the response once the server has closed it. */
async function shake(port: number, path: string, header = ""): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  let text = "";
  socket.on("data", (data) => {
    text += data;
  });
  const handshake =
    "connection: upgrade, close\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
  socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n${handshake}${header}\r\n`);
  await once(socket, "close");
  return text;
}

test("a hook, a path without a method, and a route of the app answer a handshake, and its connection ends", async () => {
  const { app, port } = await start(["/a", ""]);
  expect(await shake(port, "/a/v1/talk", "x-block: 1\r\n")).toMatch(/^HTTP\/1.1 401 .*blocked$/s);
  expect(await shake(port, "/v1/talk", "x-block: 1\r\n")).toMatch(/^HTTP\/1.1 401 .*blocked$/s);
  expect(await shake(port, "/a/none")).toMatch(/^HTTP\/1.1 404 /);
  expect(await shake(port, "/v1/query")).toMatch(/^HTTP\/1.1 400 /);
  expect(await shake(port, "/other")).toMatch(/^HTTP\/1.1 200 .*other$/s);
  await app.close();
});

test("each gateway of an app takes its own WebSockets, and leaves others to other listeners", async () => {
  const { app, port } = await start(["/a", "/b"]);
  const others: string[] = [];
  app.server.on("upgrade", ({ url = "" }, socket) => {
    if (url !== "/socket.io") return;
    others.push(url);
    socket.destroy();
  });
  for (const path of ["/a/v1/talk", "/b/v1/talk"]) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    socket.on("open", () => {
      socket.send('{"int32Value":1}');
      socket.send("");
    });
    const [message] = await once(socket, "message");
    expect(String(message)).toBe('{"int32Value":1}');
    expect((await once(socket, "close"))[0]).toBe(1000);
  }
  await shake(port, "/socket.io");
  expect(others).toEqual(["/socket.io"]);
});
