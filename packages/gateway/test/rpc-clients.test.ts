// Connect and gRPC-Web with the clients of other projects: all kinds of calls, over HTTP/1.1 and HTTP/2,
// in JSON and binary, with and without compression.
import { create, createRegistry } from "@bufbuild/protobuf";
import { anyPack, DurationSchema } from "@bufbuild/protobuf/wkt";
import { type CallOptions, Code as ConnectCode, ConnectError, type Transport as ConnectTransport, createClient } from "@connectrpc/connect";
import * as node from "@connectrpc/connect-node";
import * as web from "@connectrpc/connect-web";
import { RetryInfoSchema } from "@grpc-study/rpc/error-details";
import { describe, expect, test } from "vitest";
import { Calls, callsServer, type Seen, until } from "./calls.ts";
import { startGateway, transports } from "./gateway.ts";

interface Client {
  readonly name: string;
  connect(baseUrl: string): ConnectTransport;
  /** Whether requests may be a stream, and whether responses may arrive before their end. */
  readonly streams: "none" | "half duplex" | "full duplex";
}

const jsonOptions = { registry: createRegistry(RetryInfoSchema) };
const gzip = { sendCompression: node.compressionGzip, compressMinBytes: 0, acceptCompression: [node.compressionGzip] };
const brotli = { sendCompression: node.compressionBrotli, compressMinBytes: 0, acceptCompression: [node.compressionBrotli] };

/** Whether responses are compressed, the format, the version of HTTP, and the protocol. */
const nodeClients = [
  ["Connect", "json", "identity", "1.1"],
  ["Connect", "proto", "gzip", "1.1"],
  ["gRPC-Web", "proto", "identity", "1.1"],
  ["gRPC-Web", "json", "br", "1.1"],
  ["Connect", "proto", "identity", "2"],
  ["Connect", "json", "gzip", "2"],
  ["gRPC-Web", "proto", "br", "2"],
  ["gRPC-Web", "json", "identity", "2"],
] as const;

const webClients = [
  ["Connect", "json", false],
  ["Connect", "proto", true],
  ["gRPC-Web", "proto", false],
  ["gRPC-Web", "json", false],
] as const;

function nodeClient([protocol, format, encoding, httpVersion]: (typeof nodeClients)[number]): Client {
  const create = protocol === "Connect" ? node.createConnectTransport : node.createGrpcWebTransport;
  const compression = encoding === "gzip" ? gzip : encoding === "br" ? brotli : { acceptCompression: [] };
  return {
    name: `connect-node, ${protocol}, ${format}, ${encoding}, HTTP/${httpVersion}`,
    streams: httpVersion === "2" ? "full duplex" : "half duplex",
    connect: (baseUrl) => create({ baseUrl, httpVersion, useBinaryFormat: format === "proto", jsonOptions, ...compression }),
  };
}

function webClient([protocol, format, useHttpGet]: (typeof webClients)[number]): Client {
  const create = protocol === "Connect" ? web.createConnectTransport : web.createGrpcWebTransport;
  return {
    name: `connect-web, ${protocol}, ${format}${useHttpGet ? ", GET" : ""}`,
    streams: "none",
    connect: (baseUrl) => create({ baseUrl, useBinaryFormat: format === "proto", jsonOptions, useHttpGet }),
  };
}

const clients = [...nodeClients.map(nodeClient), ...webClients.map(webClient)];

/** The way to the upstream alternates: it changes nothing between the client and the gateway. */
const ways = clients.map((one, index) => ({ one, name: one.name, transport: transports[index % 2] ?? transports[0] }));

describe.each(ways)("$transport, $name", ({ one, transport }) => {
  async function start({ connect }: Client) {
    const { implementation, seen } = callsServer();
    const { url } = await startGateway(implementation, { transport, bodyLimit: 1_000_000 });
    return { client: createClient(Calls, connect(url)), seen };
  }

  test("a unary call has metadata in both directions", async () => {
    const { client, seen } = await start(one);
    for (const method of ["echo", "read"] as const) {
      const got = collect();
      expect(await client[method]({ text: "größer", data: new Uint8Array([1, 2]) }, got.options)).toMatchObject({
        text: "größer",
        data: new Uint8Array([1, 2]),
      });
      got.check(seen);
    }
  });

  test("an empty message crosses", async () => {
    const { client } = await start(one);
    expect(await client.read({})).toMatchObject({ text: "", count: 0 });
  });

  test("an error has its code, message, details and metadata", async () => {
    const { client } = await start(one);
    const retry = create(RetryInfoSchema, { retryDelay: create(DurationSchema, { seconds: 3n }) });
    const failing = { text: "zu spät: 100 %\n", code: 9, details: [anyPack(RetryInfoSchema, retry)] };
    for (const call of [
      () => client.echo(failing, headers),
      () => client.read(failing, headers),
      () => Array.fromAsync(client.repeat({ ...failing, count: 2 }, headers)),
    ]) {
      const error = await failure(call());
      expect(error).toMatchObject({ code: ConnectCode.FailedPrecondition, rawMessage: "zu spät: 100 %\n" });
      expect(error.findDetails(RetryInfoSchema)).toMatchObject([{ retryDelay: { seconds: 3n } }]);
      expect(error.metadata.get("t-echo")).toBe("b, c");
    }
  });

  test("a server stream has all its responses, and metadata", async () => {
    const { client, seen } = await start(one);
    const got = collect();
    const notes = await Array.fromAsync(client.repeat({ text: "a", count: 200 }, got.options));
    expect(notes.map(({ count }) => count)).toEqual(Array.from({ length: 200 }, (_, n) => n + 1));
    got.check(seen);
    expect(await Array.fromAsync(client.repeat({ count: 0 }))).toEqual([]);
  });

  test("large messages cross, and larger ones than the limit fail", async () => {
    const { client } = await start(one);
    const data = new Uint8Array(one.name.includes("json") ? 700_000 : 990_000).fill(7);
    expect(Buffer.compare((await client.echo({ data })).data, data)).toBe(0);
    const responses = await Array.fromAsync(client.repeat({ count: 3, size: 3_000_000 }));
    expect(responses.map((note) => note.data.length)).toEqual([3_000_000, 3_000_000, 3_000_000]);
    expect(await failure(client.echo({ data: new Uint8Array(1_100_000) }))).toMatchObject({ code: ConnectCode.ResourceExhausted });
  });

  test("a timeout reaches the server and ends the call", async () => {
    const { client, seen } = await start(one);
    await client.echo({}, { timeoutMs: 60_000 });
    expect(seen.timeLeftMs).toBeGreaterThan(50_000);
    expect(seen.timeLeftMs).toBeLessThanOrEqual(60_000);
    // On a busy machine, a short time is over before the call reaches the server.
    for (const timeoutMs of [700, 7_000]) {
      if (seen.metadata["x-echo"] !== undefined) break;
      const failed = failure(client.echo({ text: "hang" }, { ...headers, timeoutMs }));
      expect(await failed).toMatchObject({ code: ConnectCode.DeadlineExceeded });
    }
    await until(() => seen.ends.length >= 2);
    expect(["DEADLINE_EXCEEDED", "CANCELLED"]).toContain(seen.ends[1]);
  });

  test("a client that aborts cancels the call of the server", async () => {
    const { client, seen } = await start(one);
    const unary = new AbortController();
    const failed = failure(client.echo({ text: "hang" }, { ...headers, signal: unary.signal }));
    await until(() => seen.metadata["x-echo"] !== undefined);
    unary.abort();
    expect(await failed).toMatchObject({ code: ConnectCode.Canceled });
    await until(() => seen.ends.length === 1);
    const stream = new AbortController();
    const notes = client.repeat({ text: "hang", count: 1 }, { signal: stream.signal })[Symbol.asyncIterator]();
    expect((await notes.next()).value?.count).toBe(1);
    stream.abort();
    expect(await failure(notes.next())).toMatchObject({ code: ConnectCode.Canceled });
    await until(() => seen.ends.length === 2);
    expect(seen.ends).toEqual(["CANCELLED", "CANCELLED"]);
  });

  test("a slow reader holds the server back", async () => {
    const { client, seen } = await start(one);
    const count = 400;
    const { signal, abort } = abortable();
    const notes = client.repeat({ count, size: 200_000 }, { signal })[Symbol.asyncIterator]();
    expect((await notes.next()).value?.count).toBe(1);
    await settled(seen);
    expect(seen.responses).toBeLessThan(count / 2);
    abort();
    await failure(notes.next().then(() => notes.next()));
    await until(() => seen.ends.length === 1);
  });

  test.runIf(one.streams !== "none")("a client stream has one response", async () => {
    const { client, seen } = await start(one);
    const got = collect();
    expect(await client.join(notesOf(["a", "b", "c"]), got.options)).toMatchObject({ text: "a,b,c", count: 3 });
    got.check(seen);
    expect(await client.join(notesOf([]))).toMatchObject({ count: 0 });
  });

  test.runIf(one.streams !== "none")("requests of a bidirectional stream have their responses", async () => {
    const { client, seen } = await start(one);
    const got = collect();
    const notes = await Array.fromAsync(client.chat(notesOf(["a", "b"]), got.options));
    expect(notes.map(({ text }) => text)).toEqual(["a", "b"]);
    got.check(seen);
  });

  test.runIf(one.streams === "full duplex")("a bidirectional stream answers while it is open", async () => {
    const { client } = await start(one);
    const { promise, resolve } = Promise.withResolvers<void>();
    async function* requests() {
      yield { text: "a" };
      await promise;
      yield { text: "b" };
    }
    const texts: string[] = [];
    for await (const { text } of client.chat(requests())) {
      texts.push(text);
      resolve();
    }
    expect(texts).toEqual(["a", "b"]);
  });

  // Over HTTP/2, Node's client ends the body of a request that it cancels before it resets the stream.
  test.runIf(one.streams === "half duplex")("an upload that fails is never complete for the server", async () => {
    const { client, seen } = await start(one);
    async function* requests() {
      yield { text: "a" };
      await until(() => seen.metadata["x-echo"] !== undefined);
      throw new Error("my own");
    }
    await failure(client.join(requests(), headers));
    await until(() => seen.ends.length === 1);
    expect(seen.ends).toEqual(["CANCELLED"]);
  });
});

const headers: CallOptions = {
  headers: [
    ["x-echo", "a"],
    ["t-echo", "b"],
    ["t-echo", "c"],
    ["x-echo-bin", "AQID"],
    ["t-echo-bin", "BAU="],
    ["cookie", "secret"],
    ["x-real-ip", "6.6.6.6"],
  ],
};

/** Options that collect the metadata of a response. */
function collect() {
  let header: Headers | undefined;
  let trailer: Headers | undefined;
  const options: CallOptions = {
    ...headers,
    onHeader: (received) => {
      header = received;
    },
    onTrailer: (received) => {
      trailer = received;
    },
  };
  return {
    options,
    check: ({ metadata }: Seen) => {
      expect(header?.get("x-echo")).toBe("a");
      expect(header?.get("x-echo-bin")).toBe("AQID");
      expect(trailer?.get("t-echo")).toBe("b, c");
      expect(trailer?.get("t-echo-bin")).toBe("BAU");
      expect(metadata).toMatchObject({ "x-forwarded-proto": "http", "x-forwarded-for": "127.0.0.1" });
      expect(Object.keys(metadata)).not.toEqual(expect.arrayContaining(["cookie"]));
      expect(metadata["x-real-ip"]).toBeUndefined();
    },
  };
}

async function failure(call: Promise<unknown>): Promise<ConnectError> {
  const error = await call.then(
    () => new Error("the call succeeded"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConnectError);
  return error as ConnectError;
}

async function* notesOf(texts: readonly string[]) {
  for (const text of texts) yield { text };
}

function abortable() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

/** Resolves once the server creates no more responses. */
async function settled(seen: Seen): Promise<void> {
  for (let before = -1; before !== seen.responses; ) {
    before = seen.responses;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
