// The server with both versions of HTTP, and clients of all kinds.
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test, vi } from "vitest";
import { startStub } from "../../test/stub.ts";

function session(url: string) {
  const session = connectHttp2(url);
  onTestFinished(() => session.destroy());
  return session;
}

test("HTTP/1.1", async () => {
  const { url } = await startStub();
  const response = await fetch(`${url}/name/a`);
  expect([response.status, await response.json(), response.headers.get("content-length")]).toEqual([200, { name: "a" }, "12"]);
  expect(await (await fetch(`${url}/echo`, { method: "POST", body: '{"a":1}' })).json()).toEqual({ a: 1 });
});

test("HTTP/2", async () => {
  const { url, stub } = await startStub();
  const client = session(url);
  const stream = client.request({ ":path": "/name/a?x=1" });
  const [headers] = await once(stream, "response");
  expect([headers[":status"], headers["content-length"], await text(stream)]).toEqual([200, "12", '{"name":"a"}']);
  expect(stub.requests[0]).toMatchObject({ path: "/name/a", query: "x=1", version: 2, addresses: ["127.0.0.1"], scheme: "http" });
  const post = client.request({ ":method": "POST", ":path": "/echo" });
  post.end('{"a":1}');
  expect(await text(post)).toBe('{"a":1}');
  await vi.waitUntil(() => stub.running === 0);
});

test("closes", async () => {
  const { server, url } = await startStub();
  await (await fetch(`${url}/name/a`)).text();
  const client = session(url);
  await once(client, "remoteSettings");
  const closed = once(client, "close");
  await server.close(600_000);
  await closed;
});
