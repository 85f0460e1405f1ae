// Upgrades on a Node server of one's own: WebSockets, handshakes that are rejected, and other upgrades.
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import type { HttpRequest } from "../http/message.ts";
import { type HandshakeHandler, Upgrades } from "./upgrade.ts";

/** Accepts `/echo`, and rejects others. */
const handshake: HandshakeHandler = (request, response) => {
  if (request.path === "/echo") {
    return (socket) => {
      socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
      socket.on("error", () => {});
    };
  }
  response.send(404, { "content-type": "application/json" }, `{"path":"${request.path}","query":"${request.query}"}`);
  return undefined;
};

async function start({ bind = true, listener = ((_request, response) => response.end("own")) as RequestListener } = {}) {
  const plain: HttpRequest[] = [];
  const upgrades = new Upgrades({
    handshake,
    handler: (request, response) => {
      plain.push(request);
      const chunks: Buffer[] = [];
      const answer = () => response.send(200, {}, `plain ${request.method} ${request.path} ${Buffer.concat(chunks)}`);
      if (request.body === undefined) answer();
      else request.body.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", answer);
    },
    maxPayload: 100,
  });
  const server = createServer(listener);
  const { upgrade } = upgrades;
  server.on("upgrade", bind ? upgrade : (request, socket, head) => upgrade.call(undefined, request, socket, head));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    upgrades.terminate();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { server, upgrades, port, plain, url: `ws://127.0.0.1:${port}` };
}

function open(url: string, ...more: ConstructorParameters<typeof WebSocket> extends [unknown, ...infer Rest] ? Rest : never) {
  const socket = new WebSocket(url, ...more);
  onTestFinished(() => socket.terminate());
  const closed = new Promise<number>((resolve) => socket.on("close", resolve));
  socket.on("error", () => {});
  return { socket, closed };
}

/** Sends bytes, and resolves with all that comes back until the server closes, or `end` has come. */
function raw(port: number, bytes: string, end?: string): Promise<string> {
  return converse(port, [bytes], [end]);
}

/** Sends each text after the one before has got its end. */
function converse(port: number, texts: string[], ends: (string | undefined)[]): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.write(texts.shift() ?? "");
  let received = "";
  return new Promise((resolve) => {
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      if (ends[0] === undefined || !received.includes(ends[0])) return;
      ends.shift();
      const text = texts.shift();
      if (text === undefined) resolve(received);
      else socket.write(text);
    });
    socket.on("close", () => resolve(received));
  });
}

const offer = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";

test("an accepted WebSocket is served; `bearer` is selected, but the token is not echoed", async () => {
  const { url } = await start();
  const { socket } = open(`${url}/echo`, ["bearer", "token"]);
  await once(socket, "open");
  expect(socket.protocol).toBe("bearer");
  socket.send("hello");
  expect(String((await once(socket, "message"))[0])).toBe("hello");
});

test("a message above the limit closes with 1009", async () => {
  const { url } = await start();
  const { socket, closed } = open(`${url}/echo`);
  await once(socket, "open");
  socket.send("x".repeat(101));
  expect(await closed).toBe(1009);
});

test("a rejected handshake gets an HTTP response, and its connection closes", async () => {
  const { port } = await start();
  const request =
    "Host: a\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
  const received = await raw(port, `GET /nothing?a=b HTTP/1.1\r\n${request}`);
  expect(received).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
  expect(received).toContain("Connection: close");
  expect(received).toMatch(/\r\n\r\n\{"path":"\/nothing","query":"a=b"\}$/);
});

test("other upgrades are ignored: the server of the connection answers, and keeps it open", async () => {
  const { port } = await start({
    listener: (request, response) => {
      let body = "";
      request
        .on("data", (chunk) => (body += chunk))
        .on("end", () => response.end(`own ${request.method} ${request.url} ${body} ${request.headers.upgrade}`));
    },
  });
  const post = `POST /a HTTP/1.1\r\nHost: a\r\n${offer}Content-Length: 4\r\n\r\nbody`;
  const get = `GET /b HTTP/1.1\r\nHost: a\r\n${offer}\r\n`;
  const received = await converse(port, [post, get], ["own POST /a body undefined", "own GET /b  undefined"]);
  expect(received).toContain("own GET /b  undefined");
  expect(received).not.toContain("Connection: close");
});

test("other upgrades are ignored: without a known server, the gateway answers, and closes the connection", async () => {
  const { port, plain } = await start({ bind: false });
  const received = await raw(port, `POST /a HTTP/1.1\r\nHost: a\r\n${offer}Content-Length: 4\r\n\r\nbody`);
  expect(received).toContain("plain POST /a body");
  expect(received).toContain("Connection: close");
  expect(plain[0]?.headers["upgrade"]).toBeUndefined();
});

test("a POST with an offer of WebSocket is a plain request", async () => {
  const { port } = await start();
  const received = await raw(
    port,
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n",
    "own",
  );
  expect(received).toMatch(/^HTTP\/1\.1 200 OK/);
});

test("two gateways on one server: the first one takes the upgrade", async () => {
  const { server, url, port } = await start();
  const other = new Upgrades({ handshake: () => expect.fail("taken twice"), handler: () => {}, maxPayload: 1 });
  server.on("upgrade", other.upgrade);
  const { socket } = open(`${url}/echo`);
  await once(socket, "open");
  expect(await raw(port, `GET /b HTTP/1.1\r\nHost: a\r\n${offer}\r\n`, "own")).toContain("own");
});

test("close rejects handshakes with 503, and waits for the WebSockets; terminate ends them", async () => {
  const { url, upgrades } = await start();
  const first = open(`${url}/echo`);
  await once(first.socket, "open");
  let done = false;
  const closing = upgrades.close().then(() => {
    done = true;
  });
  const second = new WebSocket(`${url}/echo`);
  second.on("error", () => {});
  const [, response] = await once(second, "unexpected-response");
  expect(response.statusCode).toBe(503);
  second.terminate();
  first.socket.send("still here");
  expect(String((await once(first.socket, "message"))[0])).toBe("still here");
  expect(done).toBe(false);
  upgrades.terminate();
  expect(await first.closed).toBe(1006);
  await closing;
});

test("a client that leaves during the handshake does no harm", async () => {
  let ask: ((response: Parameters<HandshakeHandler>[1]) => void) | undefined;
  const asked = new Promise<Parameters<HandshakeHandler>[1]>((resolve) => {
    ask = resolve;
  });
  const upgrades = new Upgrades({
    handshake: (_request, response) => {
      ask?.(response);
      return undefined;
    },
    handler: () => {},
    maxPayload: 1,
  });
  const server: Server = createServer().on("upgrade", upgrades.upgrade);
  onTestFinished(() => void server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { socket } = open(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const response = await asked;
  const ends: boolean[] = [];
  response.onClose = (complete) => ends.push(complete);
  socket.terminate();
  await expect.poll(() => ends).toEqual([false]);
  response.send(403, {}, "late");
});
