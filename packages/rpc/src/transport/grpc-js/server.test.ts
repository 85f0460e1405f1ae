// Services on grpc-js servers: grpcJsService in a plain grpc-js server, and grpcJsTransport below a
// server of this package. The clients are grpc-js.
import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { newAuthority } from "../../../test/authority.ts";
import { eventually } from "../../../test/eventually.ts";
import { RequestSchema, ResponseSchema, TestService } from "../../../test/gen/test_pb.js";
import { textOf, watchServer } from "../../../test/watch.ts";
import { grpcJsService, grpcJsTransport } from "../../grpc-js.ts";
import { Code } from "../../protocol/code.ts";
import { detail, RpcError } from "../../protocol/error.ts";
import type { ServerTls } from "../../security/tls.ts";
import type { Context } from "../../server/context.ts";
import type { Handlers } from "../../server/handlers.ts";
import { implement } from "../../server/implement.ts";
import { createServer, type Server, type ServerOptions } from "../../server/server.ts";

type TestHandlers = Handlers<typeof TestService>;

const echoing: Required<TestHandlers> = {
  unary: ({ text }) => ({ text }),
  async *serverStream({ text }) {
    for (const part of text.split(" ")) yield { text: part };
  },
  async clientStream(requests) {
    let text = "";
    for await (const request of requests) text += request.text;
    return { text };
  },
  async *bidiStream(requests) {
    for await (const { text } of requests) yield { text };
  },
};

interface Started {
  readonly address: string;
  readonly server: Server | undefined;
}

/** The two ways to run a service on a grpc-js server. */
const ways: Readonly<Record<string, (handlers: TestHandlers, options?: ServerOptions) => Promise<Started>>> = {
  async grpcJsService(handlers, options = {}) {
    const server = new grpc.Server();
    server.addService(...grpcJsService(implement(TestService, { ...echoing, ...handlers }), options));
    const port = await new Promise<number>((resolve) =>
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (_, port) => resolve(port)),
    );
    onTestFinished(() => server.forceShutdown());
    return { address: `127.0.0.1:${port}`, server: undefined };
  },
  grpcJsTransport: async (handlers, options) => startServer(handlers, options),
};

async function startServer(handlers: TestHandlers, options: ServerOptions = {}, tls?: ServerTls, at = "127.0.0.1:0") {
  const server = createServer({ transport: grpcJsTransport(), ...options });
  server.add(implement(TestService, { ...echoing, ...handlers }));
  onTestFinished(async () => {
    await server.shutdown({ graceMs: 0, abortMs: 0 });
  });
  const { address } = await server.listen(at, tls);
  return { address, server };
}

const serialize = (text: string) => Buffer.from(toBinary(RequestSchema, create(RequestSchema, { text })));
const deserialize = (bytes: Buffer) => fromBinary(ResponseSchema, bytes).text;
const path = (name: string) => `/${TestService.typeName}/${name}`;

function clientOf(address: string, credentials = grpc.credentials.createInsecure(), options: grpc.ClientOptions = {}): grpc.Client {
  const client = new grpc.Client(address, credentials, { "grpc.use_local_subchannel_pool": 1, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** A call of any kind, as a bidirectional stream. */
function call(client: grpc.Client, name: string, metadata = new grpc.Metadata(), options: grpc.CallOptions = {}) {
  const stream = client.makeBidiStreamRequest(path(name), serialize, deserialize, metadata, options);
  const messages: string[] = [];
  const header = Promise.withResolvers<grpc.Metadata>();
  const status = Promise.withResolvers<grpc.StatusObject>();
  stream.on("data", (message: string) => messages.push(message));
  stream
    .on("metadata", header.resolve)
    .on("status", status.resolve)
    .on("error", () => {});
  return { stream, messages, header: header.promise, status: status.promise };
}

const names = { unary: "Unary", serverStream: "ServerStream", clientStream: "ClientStream", bidiStream: "BidiStream" } as const;

const everyKind = (body: (context: Context) => string | Promise<string>): TestHandlers => ({
  unary: async (_, context) => ({ text: await body(context) }),
  async *serverStream(_, context) {
    yield { text: await body(context) };
  },
  clientStream: async (_, context) => ({ text: await body(context) }),
  async *bidiStream(_, context) {
    yield { text: await body(context) };
  },
});

describe.each(Object.entries(ways))("%s", (_, start) => {
  test.each(Object.values(names))("%s answers", async (name) => {
    const { address } = await start({});
    const { stream, messages, status } = call(clientOf(address), name);
    stream.write("a b");
    stream.end();
    expect((await status).code).toBe(grpc.status.OK);
    expect(messages.join("|")).toBe(name === "ServerStream" ? "a|b" : "a b");
  });

  test.each(Object.values(names))("%s has metadata, header, trailer, peer and deadline", async (name) => {
    const { address } = await start(
      everyKind(({ metadata, header, trailer, peer, deadline }) => {
        header.set("x-header", "h");
        header.set("x-header-bin", Uint8Array.of(1, 255));
        trailer.set("x-trailer", "t");
        return JSON.stringify([metadata.get("x-who"), metadata.has("grpc-timeout"), peer.replace(/\d+$/, ""), deadline instanceof Date]);
      }),
    );
    const metadata = new grpc.Metadata();
    metadata.set("x-who", "me");
    const { stream, messages, header, status } = call(clientOf(address), name, metadata, { deadline: Date.now() + 60_000 });
    stream.write("");
    stream.end();
    expect((await status).metadata.get("x-trailer")).toEqual(["t"]);
    expect((await header).get("x-header")).toEqual(["h"]);
    expect((await header).get("x-header-bin")).toEqual([Buffer.from([1, 255])]);
    expect(messages).toEqual([JSON.stringify(["me", false, "127.0.0.1:", true])]);
  });

  test.each(Object.values(names))("%s ends with a thrown RpcError, or with INTERNAL for any other error", async (name) => {
    const onError = vi.fn();
    const thrown = [
      new RpcError(Code.NOT_FOUND, " nothing: 50 % ✓? ", {
        metadata: { "x-why": "because" },
        details: [detail(RequestSchema, { text: "d" })],
      }),
      new Error("secret"),
    ];
    const { address } = await start(
      everyKind(() => {
        throw thrown.shift();
      }),
      { onError },
    );
    const client = clientOf(address);
    for (const expected of [
      { code: grpc.status.NOT_FOUND, details: " nothing: 50 % ✓? " },
      { code: grpc.status.INTERNAL, details: "internal error" },
    ]) {
      const { stream, status } = call(client, name);
      stream.write("");
      stream.end();
      const { metadata, ...got } = await status;
      expect(got).toMatchObject(expected);
      if (got.code === grpc.status.NOT_FOUND) {
        expect(metadata.get("x-why")).toEqual(["because"]);
        expect(metadata.get("grpc-status-details-bin")).toHaveLength(1);
      }
    }
    expect(onError).toHaveBeenCalledOnce();
  });

  test("a long status is shortened", async () => {
    const { address } = await start({
      unary: () => {
        throw new RpcError(Code.ABORTED, "x".repeat(100_000));
      },
    });
    const { stream, status } = call(clientOf(address), "Unary");
    stream.end("");
    expect((await status).details).toMatch(/^x{1000,8000}… \(shortened\)$/);
  });

  test("responses before an error arrive before it", async () => {
    const { address } = await start({
      async *serverStream() {
        yield { text: "1" };
        yield { text: "2" };
        throw new RpcError(Code.ABORTED, "enough");
      },
    });
    const { stream, messages, status } = call(clientOf(address), "ServerStream");
    stream.end("");
    expect(await status).toMatchObject({ code: grpc.status.ABORTED, details: "enough" });
    expect(messages).toEqual(["1", "2"]);
  });

  test("interceptors run around each kind, and see requests and responses", async () => {
    const seen: string[] = [];
    const { address } = await start(
      {},
      {
        interceptors: [
          (call, next) => {
            call.onEnd(() => seen.push(call.method.name));
            return next();
          },
          watchServer(
            (request) => void seen.push(`< ${textOf(request)}`),
            (response) => void seen.push(`> ${textOf(response)}`),
          ),
        ],
      },
    );
    const client = clientOf(address);
    for (const name of Object.values(names)) {
      const { stream, status } = call(client, name);
      stream.end(name);
      expect((await status).code).toBe(grpc.status.OK);
    }
    expect(seen).toEqual(Object.values(names).flatMap((name) => [`< ${name}`, `> ${name}`, name]));
  });

  test.each(Object.values(names))("a cancelled %s aborts its signal with CANCELLED", async (name) => {
    const aborted = Promise.withResolvers<unknown>();
    const begun = Promise.withResolvers<void>();
    const { address } = await start(
      everyKind(({ signal }) => {
        begun.resolve();
        signal.addEventListener("abort", () => aborted.resolve(signal.reason));
        return new Promise<string>(() => {});
      }),
    );
    const { stream } = call(clientOf(address), name);
    stream.write("");
    if (name === "Unary" || name === "ServerStream") stream.end();
    await begun.promise;
    stream.cancel();
    expect(await aborted.promise).toMatchObject({ code: Code.CANCELLED, message: "the caller cancelled the call" });
  });

  test.each(Object.values(names))("the deadline of %s aborts its signal with DEADLINE_EXCEEDED", async (name) => {
    const aborted = Promise.withResolvers<unknown>();
    const { address } = await start(
      everyKind(({ signal }) => {
        signal.addEventListener("abort", () => aborted.resolve(signal.reason));
        return new Promise<string>(() => {});
      }),
    );
    // The caller has no timer, so that only the deadline on the wire applies.
    const session = connectHttp2(`http://${address}`);
    onTestFinished(() => session.destroy());
    const stream = session.request({
      ":method": "POST",
      ":path": path(name),
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-timeout": "60m",
    });
    stream.end(Buffer.from([0, 0, 0, 0, 0]));
    const status = new Promise<unknown>((resolve) => {
      stream.on("response", (headers) => resolve(headers["grpc-status"]));
      stream.on("trailers", (headers) => resolve(headers["grpc-status"]));
    });
    expect(await aborted.promise).toMatchObject({ code: Code.DEADLINE_EXCEEDED, message: "deadline exceeded" });
    expect(await status).toBe(String(Code.DEADLINE_EXCEEDED));
  });

  test.each([
    ["a Node client, which half-closes before it resets", "grpc-node-js/1.14.7", true],
    ["a client that only resets", "other/1", false],
  ])("an aborted upload never looks complete: %s", async (_, userAgent, halfCloses) => {
    const outcome = Promise.withResolvers<unknown>();
    const { address } = await start({
      clientStream: async (requests) => {
        let count = 0;
        try {
          for await (const _request of requests) count++;
          outcome.resolve(`complete: ${count}`);
        } catch (error) {
          outcome.resolve(error);
        }
        return {};
      },
    });
    for (let round = 0; round < 5; round++) {
      const session = connectHttp2(`http://${address}`);
      onTestFinished(() => session.destroy());
      const headers = { ":method": "POST", ":path": path("ClientStream"), "content-type": "application/grpc", "user-agent": userAgent };
      const abort = new AbortController();
      const stream = session.request(headers, { signal: abort.signal }).on("error", () => {});
      await new Promise((resolve) => stream.write(Buffer.from([0, 0, 0, 0, 0]), resolve));
      await new Promise((resolve) => setTimeout(resolve, 20));
      // With a signal, Node resets a stream at once.
      if (halfCloses) stream.close(8);
      else abort.abort();
    }
    expect(await outcome.promise).toMatchObject({ code: Code.CANCELLED });
  });

  test("requests are pulled, except for a few that grpc-js reads ahead", async () => {
    const hold = Promise.withResolvers<void>();
    let read = 0;
    const { address } = await start({
      clientStream: async (requests) => {
        for await (const _ of requests) {
          read++;
          await hold.promise;
        }
        return { text: String(read) };
      },
    });
    const { stream, messages, status } = call(clientOf(address), "ClientStream");
    let sent = 0;
    const text = "x".repeat(32 * 1024);
    while (sent < 1_000 && (stream.write(text) || (await Promise.race([drained(stream), pause(200)])))) sent++;
    expect(sent).toBeLessThan(100);
    expect(read).toBe(1);
    hold.resolve();
    stream.end();
    expect((await status).code).toBe(grpc.status.OK);
    expect(Number(messages[0])).toBeGreaterThanOrEqual(sent);
  });

  test("responses wait for a caller that does not read", async () => {
    let yielded = 0;
    const { address } = await start({
      async *serverStream() {
        for (; yielded < 1_000; yielded++) yield { text: "x".repeat(32 * 1024) };
      },
    });
    const { stream, messages, status } = call(clientOf(address), "ServerStream");
    stream.end("");
    stream.pause();
    await eventually(() => expect(yielded).toBeGreaterThan(2));
    await pause(200);
    expect(yielded).toBeLessThan(100);
    stream.resume();
    expect((await status).code).toBe(grpc.status.OK);
    expect(messages).toHaveLength(1_000);
  });

  test("a handler that leaves its loop responds, and further requests are dropped", async () => {
    const { address } = await start({
      clientStream: async (requests) => {
        for await (const { text } of requests) return { text };
        return {};
      },
    });
    const { stream, messages, status } = call(clientOf(address), "ClientStream");
    for (let i = 0; i < 200; i++) stream.write(`${i}`.padEnd(8_192));
    expect((await status).code).toBe(grpc.status.OK);
    expect(messages[0]?.trim()).toBe("0");
  });
});

function drained(stream: grpc.ClientDuplexStream<string, string>): Promise<true> {
  return new Promise((resolve) => stream.once("drain", () => resolve(true)));
}

function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms));
}

describe("grpcJsTransport", () => {
  const unary = async (address: string, credentials?: grpc.ChannelCredentials) => {
    const { stream, messages, status } = call(clientOf(address, credentials), "Unary");
    stream.end("x");
    return { status: await status, messages };
  };

  test("serves health and reflection, and reports NOT_SERVING at shutdown", async () => {
    const { address, server } = await startServer({}, { reflection: true });
    expect((await unary(address)).messages).toEqual(["x"]);
    await server.shutdown();
    expect((await unary(address)).status.code).toBe(grpc.status.UNAVAILABLE);
  });

  test("listens on localhost in both families, and on a Unix domain socket", async () => {
    const { address } = await startServer({}, {}, undefined, "localhost:0");
    for (const host of ["127.0.0.1", "[::1]"]) expect((await unary(address.replace("localhost", host))).messages).toEqual(["x"]);
    if (process.platform === "win32") return;
    const folder = mkdtempSync(join(tmpdir(), "grpc-js-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const socket = await startServer({}, {}, undefined, `unix:${folder}/s`);
    expect(socket.address).toBe(`unix:${folder}/s`);
    expect((await unary(socket.address)).messages).toEqual(["x"]);
  });

  test("reports why it cannot listen", async () => {
    const { address } = await startServer({});
    const failure = await startServer({}, {}, undefined, address).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      name: "ListenError",
      code: "EADDRINUSE",
      message: `cannot listen on ${address}: the address is already in use`,
    });
  });

  test("TLS and mutual TLS: a handler sees the caller's certificate", async () => {
    const authority = await newAuthority();
    const [serverIdentity, clientIdentity] = [await authority.issue("server"), await authority.issue("client")];
    const subject = everyKind(({ clientCertificate }) => clientCertificate?.subject ?? "none");
    const plain = await startServer({ unary: () => ({ text: "tls" }) }, {}, serverIdentity);
    const ca = Buffer.from(authority.cert);
    expect((await unary(plain.address, grpc.credentials.createSsl(ca))).messages).toEqual(["tls"]);
    const mutual = await startServer(subject, {}, { ...serverIdentity, clientCa: authority.cert });
    const own = grpc.credentials.createSsl(ca, Buffer.from(clientIdentity.key), Buffer.from(clientIdentity.cert));
    const knows = "getAuthContext" in grpc.InterceptingCall.prototype;
    const { messages, status } = await unary(mutual.address, own);
    if (knows) expect(messages).toEqual(["CN=client"]);
    else expect(status.code).toBe(grpc.status.INTERNAL);
    expect((await unary(mutual.address, grpc.credentials.createSsl(ca))).status.code).toBe(grpc.status.UNAVAILABLE);
  });

  test("limits set the options of grpc-js, and explicit grpc-js options override them", async () => {
    const { address } = await startServer({}, { limits: { maxReceiveMessageBytes: 1_000 } });
    const large = async (address: string) => {
      const { stream, status } = call(clientOf(address), "Unary");
      stream.end("x".repeat(2_000));
      return (await status).code;
    };
    expect(await large(address)).toBe(grpc.status.RESOURCE_EXHAUSTED);
    const options = { transport: grpcJsTransport({ "grpc.max_receive_message_length": 3_000 }), limits: { maxReceiveMessageBytes: 1_000 } };
    expect(await large((await startServer({}, options)).address)).toBe(grpc.status.OK);
  });

  test.each<[string, ServerOptions, RegExp]>([
    [
      "a limit that grpc-js does not support",
      { limits: { maxMetadataBytes: 1_000 } },
      /does not support limits\.maxMetadataBytes, got 1000: leave it out/,
    ],
    ["the compression of responses", { compression: "gzip" }, /does not compress responses: leave out the option compression: "gzip"/],
  ])("rejects %s", (_, options, message) => {
    expect(() => createServer({ transport: grpcJsTransport(), ...options })).toThrow(message);
  });

  test.each<[string, Partial<ServerTls>, RegExp]>([
    ["optional client certificates", { clientCertificates: "optional" }, /leave out tls\.clientCertificates/],
    ["renewed certificates", { reloadMs: 1_000 }, /leave out tls\.reloadMs/],
    ["onReloadError", { onReloadError: () => {} }, /leave out tls\.onReloadError/],
  ])("rejects %s", async (_, tls, message) => {
    const authority = await newAuthority();
    const identity = await authority.issue("server");
    await expect(startServer({}, {}, { ...identity, clientCa: authority.cert, ...tls })).rejects.toThrow(message);
  });

  test("adding a path twice throws", async () => {
    const { server } = await startServer({});
    expect(() => server.add(implement(TestService, echoing))).toThrow(/already/);
  });

  test("shutdown returns at once without a running call, even with silent and idle connections", async () => {
    const { address, server } = await startServer({});
    const client = clientOf(address);
    const { stream, status } = call(client, "Unary");
    stream.end("x");
    await status;
    const [host, port] = address.split(":");
    const silent = connect(Number(port), host);
    onTestFinished(() => void silent.destroy());
    await new Promise((resolve) => silent.once("connect", resolve));
    const began = performance.now();
    expect(await server.shutdown({ graceMs: 10_000 })).toEqual({ cut: [] });
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test("shutdown waits for running calls, which end with their own status, and takes no new ones", async () => {
    const hold = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const { address, server } = await startServer({
      unary: async ({ text }) => {
        begun.resolve();
        await hold.promise;
        return { text };
      },
    });
    const { stream, messages, status } = call(clientOf(address), "Unary");
    stream.end("last");
    await begun.promise;
    const ended = server.shutdown({ graceMs: 10_000 });
    await pause(50);
    hold.resolve();
    expect((await status).code).toBe(grpc.status.OK);
    expect(messages).toEqual(["last"]);
    expect(await ended).toEqual({ cut: [] });
  });

  test("shutdown aborts calls that do not end, and each gets a status", async () => {
    const begun = Promise.withResolvers<void>();
    const { address, server } = await startServer({
      unary: () => {
        begun.resolve();
        return new Promise(() => {});
      },
    });
    const { stream, status } = call(clientOf(address), "Unary");
    stream.end("x");
    await begun.promise;
    const { cut } = await server.shutdown({ graceMs: 20, abortMs: 20 });
    expect(cut.map(({ how }) => how)).toEqual(["forced"]);
    expect(await status).toMatchObject({ code: grpc.status.UNAVAILABLE, details: "the server is shutting down" });
  });

  test("context.compression has no effect", async () => {
    const { address } = await startServer({
      unary: ({ text }, context) => {
        context.compression = "gzip";
        return { text };
      },
    });
    expect((await unary(address)).messages).toEqual(["x"]);
  });
});
