// Interim responses, te and connection-specific fields, in both directions (RFC 9113, sections 8.1
// and 8.2.2).
import { once } from "node:events";
import { connect as connectNode, createServer as createNodeServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { connect, createServer, HeaderList } from "../../src/index.ts";
import { echoServer } from "../echo.ts";
import { code, data, flag, headers, type } from "../raw/frames.ts";
import { incremental, indexed, plain as literal, neverIndexed, request, response } from "../raw/hpack.ts";
import { rawServer, readyClient } from "../raw/peer.ts";
import { Recorder } from "../recorder.ts";

const target = { method: "POST", scheme: "http", authority: "localhost", path: "/" };
const connectionSpecific = ["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"];

describe.concurrent("interim responses", () => {
  test("a server sends 100 and 103 before the final one", async () => {
    const server = createServer({
      onStream: (stream, list) => {
        if (list.get("expect") === "100-continue") stream.sendHeaders(HeaderList.response(100));
        stream.sendHeaders(HeaderList.response(103, [["link", "</x>"]]));
        return {
          onData(data, endStream, stream) {
            stream.credit(data.length);
            if (endStream) stream.respond(HeaderList.response(200), data);
          },
        };
      },
    });
    const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
    const session = connectNode(`http://127.0.0.1:${port}`);
    const stream = session.request({ ":method": "POST", expect: "100-continue" });
    const interim: unknown[] = [];
    stream.on("headers", (list) => interim.push(list[":status"]));
    await once(stream, "continue");
    stream.end("body");
    const [final] = await once(stream, "response");
    expect(final[":status"]).toBe(200);
    expect(interim).toContain(103);
    let body = "";
    for await (const part of stream) body += part;
    expect(body).toBe("body");
    session.destroy();
    server.destroy();
  });

  test("a client skips interim responses of node's server", async () => {
    const server = createNodeServer();
    server.on("stream", (stream) => {
      stream.additionalHeaders({ ":status": 102 });
      stream.additionalHeaders({ ":status": 103, link: "</x>" });
      stream.respond({ ":status": 204 }, { endStream: true });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const connection = await connect({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
    const recorder = new Recorder();
    connection.request(HeaderList.request(target), recorder, undefined, true);
    expect(await recorder.outcome).toMatchObject({ status: 204, reset: undefined });
    expect(recorder.calls).toEqual(["headers"]);
    connection.destroy();
    server.close();
  });
});

describe.concurrent("connection-specific fields", () => {
  test.each(connectionSpecific)("%s: both sides reject sending it", (name) => {
    for (const value of ["close", "trailers"]) {
      expect(() => HeaderList.request(target, [[name, value]])).toThrow(TypeError);
      expect(() => HeaderList.response(200, [[name, value]])).toThrow(TypeError);
      expect(() => HeaderList.trailers([[name, value]])).toThrow(TypeError);
    }
  });

  test.each(connectionSpecific)("%s: a server rejects a request with it with PROTOCOL_ERROR", async (name) => {
    await using server = await echoServer();
    using peer = await readyClient(server.port);
    peer.send(headers(1, request({}, [[name, "close"]])));
    await peer.streamEnd(1);
    expect(peer.reset(1)).toBe(code.protocolError);
    expect(await peer.ping()).toBe(true);
  });

  test("te: trailers is accepted, any other value is rejected", async () => {
    await using server = await echoServer();
    using peer = await readyClient(server.port);
    const values = ["trailers", "gzip", "trailers, gzip", ""];
    for (const [index, value] of values.entries()) peer.send(headers(2 * index + 1, request({}, [["te", value]])));
    for (const [index] of values.entries()) await peer.streamEnd(2 * index + 1);
    const resets = values.map((_, index) => peer.reset(2 * index + 1));
    expect(resets).toEqual([undefined, code.protocolError, code.protocolError, code.protocolError]);
    expect(() => HeaderList.request(target, [["te", "gzip"]])).toThrow(TypeError);
    expect(HeaderList.request(target, [["te", "trailers"]]).get("te")).toBe("trailers");
  });
});

describe.concurrent("leading and trailing white space in values", () => {
  const plain = [" x", "x ", "\tx\t", " ", "x y"];

  test("is kept by a client with keepSpaces in each HPACK encoding, and other malformed values are rejected", async () => {
    await using server = await rawServer();
    const connection = await connect({ host: "127.0.0.1", port: server.port, keepSpaces: true });
    const peer = await server.accept();
    let id = -1;
    const answer = async (...fields: Buffer[]) => {
      id += 2;
      const recorder = new Recorder();
      connection.request(HeaderList.request(target), recorder, undefined, true);
      await peer.streamEnd(id);
      peer.send(headers(id, Buffer.concat([response(), ...fields])));
      return recorder.outcome;
    };
    for (const field of [literal, incremental, neverIndexed]) {
      for (const value of plain) {
        for (let round = 0; round < 2; round++) expect((await answer(field("x-message", value))).headers?.get("x-message")).toBe(value);
      }
    }
    // The last one refers to the dynamic table.
    await answer(incremental("x-last", " last "));
    expect((await answer(indexed(62))).headers?.get("x-last")).toBe(" last ");
    for (const value of ["x\n", "\0", "x\x7f"])
      expect((await answer(literal("x-message", value))).reset).toMatchObject({ source: "protocol" });
    expect((await answer(literal("X-Upper", "x"))).reset).toMatchObject({ source: "protocol" });
    connection.destroy();
  });

  test("is always rejected in pseudo-header fields", async () => {
    await using server = await echoServer({ keepSpaces: true });
    using peer = await readyClient(server.port);
    peer.send(headers(1, request({ ":authority": "localhost " })), headers(3, request({}, [["x", " y "]])));
    await peer.streamEnd(3);
    expect(peer.reset(1)).toBe(code.protocolError);
    expect(peer.reset(3)).toBeUndefined();
  });

  test("makes a message malformed without keepSpaces", async () => {
    await using server = await echoServer();
    using peer = await readyClient(server.port);
    for (const [index, value] of plain.entries()) peer.send(headers(2 * index + 1, request({}, [["x", value]])));
    await peer.streamEnd(2 * plain.length - 1);
    expect(plain.map((_, index) => peer.reset(2 * index + 1))).toEqual([1, 1, 1, 1, undefined]);
  });
});

describe.concurrent("CONNECT", () => {
  test("with :protocol requires SETTINGS_ENABLE_CONNECT_PROTOCOL of the server (RFC 8441, section 3)", async () => {
    const tunnel = HeaderList.request({ ...target, method: "CONNECT", protocol: "websocket" });
    const enableConnectProtocol = 0x8;
    for (const entries of [[], [[enableConnectProtocol, 1]] as const]) {
      await using server = await rawServer({ settings: entries });
      const connection = await connect({ host: "127.0.0.1", port: server.port });
      const peer = await server.accept();
      if (entries.length === 0) expect(() => connection.request(tunnel, {})).toThrow(":protocol");
      else {
        connection.request(tunnel, {});
        expect(await peer.next(({ kind }) => kind === type.headers, "the request")).toBeDefined();
      }
      connection.destroy();
    }
  });

  test("opens a tunnel even if the response has a content-length (RFC 9110, section 9.3.6)", async () => {
    await using server = await rawServer();
    const connection = await connect({ host: "127.0.0.1", port: server.port });
    const peer = await server.accept();
    const recorder = new Recorder();
    connection.request(HeaderList.request({ method: "CONNECT", authority: "localhost:80" }), recorder);
    await peer.next(({ kind }) => kind === type.headers, "the request");
    peer.send(headers(1, response({}, [["content-length", "2"]]), flag.endHeaders), data(1, "more than two", flag.endStream));
    expect(await recorder.outcome).toMatchObject({ status: 200, bytes: 13, reset: undefined });
    connection.destroy();
  });
});
