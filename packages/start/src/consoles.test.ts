import { once } from "node:events";
import { connect, createServer } from "node:net";
import { Greeter as Chat } from "@grpc-study/proto/chat";
import { Greeter as Push } from "@grpc-study/proto/push";
import { createServer as createGrpcServer, type Implementation, implement, ListenError } from "@grpc-study/rpc";
import type { FrontedTopic } from "@grpc-study/server";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { consoles } from "./consoles.ts";

const lines: string[] = [];
const log = pino({ level: "warn" }, { write: (line) => lines.push((JSON.parse(line) as { readonly msg: string }).msg) });
const options = { host: "127.0.0.1", port: 0, tls: undefined, log };

async function serveTopic(name: string, implementation: Implementation): Promise<FrontedTopic> {
  const server = createGrpcServer();
  server.add(implementation);
  const { address } = await server.listen("127.0.0.1:0");
  onTestFinished(async () => void (await server.shutdown({ graceMs: 0 })));
  return {
    name,
    summary: `<${name}>`,
    services: [implementation.service],
    upstreams: [{ topic: name, address, services: [], security: "plaintext" }],
  };
}

async function* reply(requests: AsyncIterable<{ readonly name: string }>) {
  for await (const { name } of requests) yield { reply: `heard ${name}` };
}

const serveTopics = () =>
  Promise.all([
    serveTopic("chat", implement(Chat, { bidiHello: reply })),
    serveTopic("push", implement(Push, { putStream: () => ({ data: "0" }) } as never)),
  ]);

async function listen(topics: readonly FrontedTopic[], host = "127.0.0.1") {
  const listening = await consoles.listen({ ...options, host, topics });
  onTestFinished(() => listening.shutdown());
  const url = `http://127.0.0.1:${listening.port}`;
  const get = (path: string, headers = {}) => fetch(`${url}${path}`, { headers, redirect: "manual" });
  return { ...listening, url, get };
}

/** Calls over the WebSocket, and resolves with the frames until the first message. */
function framesOf(url: string, request: string): Promise<string[]> {
  const socket = new WebSocket(url.replace("http", "ws"), ["connect.json"]);
  socket.addEventListener("open", () => {
    for (const frame of ['{"headers":{}}', request]) socket.send(frame);
  });
  const frames: string[] = [];
  return new Promise((resolve) => {
    const end = () => resolve(frames);
    socket.addEventListener("close", end);
    socket.addEventListener("message", ({ data }) => {
      frames.push(String(data));
      if (String(data).startsWith('{"message"')) socket.close();
    });
  });
}

test("each topic has a console of its own, whose header links to the others", async () => {
  const { get, url } = await listen(await serveTopics());
  for (const [path, location] of [
    ["/chat", "chat/console/"],
    ["/chat/", "console/"],
    ["/push/?a=b", "console/"],
  ] as const) {
    const response = await get(path);
    expect([response.status, response.headers.get("location")]).toEqual([302, location]);
  }
  for (const [topic, service] of [
    ["chat", Chat],
    ["push", Push],
  ] as const) {
    expect((await get(`/${topic}/console/`)).status).toBe(200);
    const config = (await (await get(`/${topic}/console/config.json`)).json()) as Record<string, unknown>;
    expect(config).toMatchObject({ title: topic, upstreams: [{ services: [service.typeName] }] });
    expect(config["links"]).toEqual(["chat", "push"].map((title) => ({ title, url: `../../${title}/console/` })));
  }
  expect(await framesOf(`${url}/chat/pb.Greeter/BidiHello`, '{"name":"a"}')).toContain('{"message":{"reply":"heard a"}}');
});

test("the page at / leads to them, in the language of the reader, and its text is no HTML", async () => {
  const { get } = await listen(await serveTopics());
  const page = await (await get("/")).text();
  expect([...page.matchAll(/href="([^"]*\/console\/)"/g)].map(([, href]) => href)).toEqual(["chat/console/", "push/console/"]);
  expect(page).toContain("&#60;chat&#62;");
  expect(await (await get("/", { "accept-language": "zh-CN,zh;q=0.9" })).text()).toContain('lang="zh-CN"');
  for (const path of ["/none", "/none/console/", "/__proto__/", "//"]) expect([path, (await get(path)).status]).toEqual([path, 404]);
});

// The second name is not in the list of loopback names: the bound address decides.
test.each(["127.0.0.1", "LOCALHOST"])("pages of other sites cannot reach %s, neither by another name nor by a WebSocket", async (host) => {
  const { port } = await listen(await serveTopics(), host);
  const ask = async (path: string, headers: string) => {
    const socket = connect(port, host);
    socket.end(`GET ${path} HTTP/1.1\r\n${headers}connection: close\r\n\r\n`);
    return (await Array.fromAsync(socket, String)).join("").split("\r\n")[0];
  };
  expect(await ask("/chat/console/config.json", "host: evil.example\r\n")).toContain("421");
  const handshake =
    "upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: connect.json\r\n";
  const evil = `host: 127.0.0.1:${port}\r\n${handshake}origin: http://evil.example\r\n`.replace(
    "upgrade:",
    "connection: upgrade\r\nupgrade:",
  );
  expect(await ask("/chat/pb.Greeter/BidiHello", evil)).toMatch(/ 40[0-9]|421/);
  expect(await ask("/none/pb.Greeter/BidiHello", evil)).toContain("404");
});

test("a topic that cannot be reached has no console, and a warning says why", async () => {
  const [chat] = await serveTopics();
  const upstreams = [{ topic: "push", address: "127.0.0.1:1", services: [], security: "plaintext" as const }];
  lines.length = 0;
  const { get } = await listen([chat, { ...chat, name: "push", upstreams }]);
  expect([(await get("/chat/console/")).status, (await get("/push/console/")).status]).toEqual([200, 404]);
  const { links } = (await (await get("/chat/console/config.json")).json()) as { links: readonly { title: string }[] };
  expect(links.map(({ title }) => title)).toEqual(["chat"]);
  expect(lines).toEqual([expect.stringMatching(/^there is no console of this topic: the gateway cannot reach it: 127\.0\.0\.1:1/)]);
});

test("shutdown ends open chats, and a port in use is a ListenError", async () => {
  const occupied = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void occupied.close());
  await once(occupied, "listening");
  const { port } = occupied.address() as { port: number };
  const topics = await serveTopics();
  await expect(consoles.listen({ ...options, port, topics })).rejects.toThrow(ListenError);
  const { url, shutdown } = await listen(topics);
  const socket = new WebSocket(`${url}/chat/pb.Greeter/BidiHello`.replace("http", "ws"), ["connect.json"]);
  await once(socket, "open");
  socket.send('{"headers":{}}');
  const closed = once(socket, "close");
  await shutdown();
  await closed;
  await expect(fetch(url)).rejects.toThrow();
});
