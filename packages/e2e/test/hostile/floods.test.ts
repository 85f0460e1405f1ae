// Floods of valid input. The server slows the attacker down, rejects it or disconnects it, and
// keeps serving other clients.
import { once } from "node:events";
import { connect } from "node:http2";
import { gzipSync } from "node:zlib";
import { Code, createClient } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { TestService } from "../../gen/grpc/testing/test_pb.js";
import { until } from "../harness/until.ts";
import { code, data, flag, frame, headerBlock, headers, message, ping, rstStream, settings, type, windowUpdate } from "./frames.ts";
import { exceptOnGrpcJs } from "./grpc-js.ts";
import { callHeader, type RawClient, rawClient } from "./raw-client.ts";
import { Target } from "./target.ts";

exceptOnGrpcJs();

const empty = "/grpc.testing.TestService/EmptyCall";
const output = "/grpc.testing.TestService/StreamingOutputCall";
const duplex = "/grpc.testing.TestService/FullDuplexCall";
const nothing = message(new Uint8Array());

/**
 * Sends until the connection is closed or `times` rounds are sent. Returns the number of rounds.
 */
async function flood(client: RawClient, times: number, make: (round: number) => Uint8Array): Promise<number> {
  let round = 0;
  while (round < times && (await client.pour(make(round)))) round++;
  return round;
}

const manyFrames = (count: number, make: (index: number) => Uint8Array) =>
  Buffer.concat(Array.from({ length: count }, (_, index) => make(index)));

/** Client streams have odd numbers. */
const stream = (index: number) => 2 * index + 1;

describe("a flood", { concurrent: false }, () => {
  // CVE-2023-44487; in grpc-go GHSA-m425-mq94-257g; in Node's http2 fixed by nghttp2's limit on
  // resets.
  test("rapid reset: disconnected after a few thousand streams, and no handler keeps running", async () => {
    const target = await Target.shared();
    await target.recordBaseline();
    using client = await rawClient(target.address);
    const block = headers(1, callHeader(duplex));
    const rounds = await flood(client, 2_000, (round) =>
      manyFrames(100, (index) => {
        const id = stream(round * 100 + index);
        const open = Buffer.from(block);
        open.writeUInt32BE(id, 5);
        return Buffer.concat([open, rstStream(id, code.cancel)]);
      }),
    );
    // Closing a connection with unread data resets it, so the GOAWAY may be lost.
    expect(await client.goaway()).not.toBe(code.noError);
    expect(rounds, "hundreds of streams").toBeLessThan(2_000);
    await target.expectUnharmed();
  });

  // The reverse: frames that make the server reset the streams ("MadeYouReset", CVE-2025-8671).
  test("streams that the server has to reset: disconnected", async () => {
    const target = await Target.shared();
    await target.recordBaseline();
    using client = await rawClient(target.address);
    const block = headers(1, callHeader(duplex));
    await flood(client, 2_000, (round) =>
      manyFrames(100, (index) => {
        const id = stream(round * 100 + index);
        const open = Buffer.from(block);
        open.writeUInt32BE(id, 5);
        return Buffer.concat([open, windowUpdate(id, 0)]);
      }),
    );
    expect(await client.goaway()).not.toBe(code.noError);
    await target.expectUnharmed();
  });

  test("more streams than allowed: the surplus is refused, and a client that persists is disconnected", async () => {
    const target = await Target.shared({ maxConcurrentStreams: 100 });
    await target.recordBaseline();
    const open = (client: RawClient, from: number, count: number) =>
      client.write(manyFrames(count, (index) => headers(stream(from + index), callHeader(duplex))));
    using client = await rawClient(target.address);
    open(client, 0, 150);
    expect(await client.ping()).toBe(true);
    const refused = client.frames.filter(({ kind, payload }) => kind === type.rstStream && payload.readUInt32BE(0) === code.refusedStream);
    expect(refused).toHaveLength(50);
    expect((await target.condition()).calls).toBe(100);
    for (let round = 0; round < 60; round++) open(client, 150 + round * 100, 100);
    await client.closed;
    await target.expectUnharmed();
  });

  test("malformed requests: disconnected after a thousand", async () => {
    const target = await Target.shared();
    await target.recordBaseline();
    using client = await rawClient(target.address);
    // An upper-case name is a stream error each time (RFC 9113, section 8.2).
    await flood(client, 1_000, (round) =>
      manyFrames(20, (index) =>
        headers(stream(round * 20 + index), callHeader(empty, [["X-Upper", "1"]]), flag.endHeaders | flag.endStream),
      ),
    );
    expect(await client.ping()).toBe(false);
    await target.expectUnharmed();
  });

  test("a client that respects the limit waits: 500 calls over 20 streams all succeed", async () => {
    const target = await Target.shared({ maxConcurrentStreams: 20 });
    using client = createClient(TestService, target.address);
    const answers = await Promise.all(Array.from({ length: 500 }, () => client.unaryCall({ responseSize: 10 }, { timeoutMs: 10_000 })));
    expect(answers).toHaveLength(500);
  });

  test("connections: those over the limit are closed, those before them are served", async () => {
    const target = await Target.shared({ maxConnections: 20 });
    await target.recordBaseline();
    const clients = await Promise.all(Array.from({ length: 50 }, () => rawClient(target.address)));
    const alive = await Promise.all(clients.map((client) => client.ping()));
    expect(alive.filter(Boolean)).toHaveLength(19);
    await target.bystander.emptyCall({}, { timeoutMs: 5_000 });
    for (const client of clients) client[Symbol.dispose]();
    await target.expectUnharmed();
  });

  // CVE-2024-27983 (Node), CVE-2024-28182 (nghttp2), CVE-2023-45288 (Go).
  test("endless CONTINUATION frames: disconnected before they use much memory", async () => {
    const target = await Target.shared();
    await target.recordBaseline();
    using client = await rawClient(target.address);
    client.write(headers(1, callHeader(empty), flag.none));
    const part = frame(type.continuation, flag.none, 1, headerBlock([["x", "y".repeat(1_000)]]));
    const rounds = await flood(client, 5_000, () => part);
    expect(await client.goaway()).not.toBe(code.noError);
    expect(rounds).toBeLessThan(5_000);
    await target.expectUnharmed();
  });

  test("empty CONTINUATION frames: disconnected", async () => {
    const target = await Target.shared();
    await target.recordBaseline();
    using client = await rawClient(target.address);
    client.write(headers(1, callHeader(empty), flag.none));
    await flood(client, 1_000, () => manyFrames(100, () => frame(type.continuation, flag.none, 1)));
    expect(await client.goaway()).not.toBe(code.noError);
    await target.expectUnharmed();
  });

  // CVE-2019-9516 is the same attack with zero-length headers.
  test("empty headers on thousands of streams: each stream is rejected, and no header is kept", async () => {
    const target = await Target.shared();
    await target.recordBaseline();
    using client = await rawClient(target.address);
    const many = callHeader(
      empty,
      Array.from({ length: 200 }, () => ["x", ""] as const),
    );
    const rounds = await flood(client, 100, (round) => manyFrames(20, (index) => headers(stream(round * 20 + index), many)));
    expect(rounds).toBeGreaterThan(0);
    await Promise.race([client.closed, client.ping()]);
    expect(client.frames.some(({ kind }) => kind === type.rstStream || kind === type.goaway)).toBe(true);
    client[Symbol.dispose]();
    await target.expectUnharmed();
  });

  // An HPACK table entry that is filled once and referenced many times: 4 KiB for each byte
  // (CVE-2016-1544, "HPACK bomb").
  test("a header block that refers to a large entry a thousand times: rejected, and not kept", async () => {
    const target = await Target.shared();
    await target.recordBaseline();
    using client = await rawClient(target.address);
    // 0x40 is a literal with incremental indexing; 0xbe is the first entry of the dynamic table.
    const name = Buffer.concat([Buffer.of(0x40, 1), Buffer.from("x"), Buffer.of(127, 0x81, 0x1e), Buffer.alloc(127 + 1 + 128 * 30, "y")]);
    const block = Buffer.concat([headerBlock(callHeader(empty)), name, Buffer.alloc(10_000, 0xbe)]);
    client.write(frame(type.headers, flag.endHeaders | flag.endStream, 1, block));
    expect(await client.outcome(1)).toBe("end");
    client[Symbol.dispose]();
    await target.expectUnharmed();
  });

  // CVE-2019-9515.
  test("SETTINGS: disconnected with ENHANCE_YOUR_CALM", async () => {
    const target = await Target.shared({ controlFramesPerSecond: 1_000 });
    await target.recordBaseline();
    using client = await rawClient(target.address);
    const many = manyFrames(500, () => settings([[4, 65_535]]));
    expect(await flood(client, 2_000, () => many)).toBeLessThan(2_000);
    expect([undefined, code.enhanceYourCalm]).toContain(await client.goaway());
    await target.expectUnharmed();
  });

  // CVE-2019-9512.
  test("PING: disconnected with ENHANCE_YOUR_CALM", async () => {
    const target = await Target.shared({ controlFramesPerSecond: 1_000 });
    await target.recordBaseline();
    using client = await rawClient(target.address);
    const many = manyFrames(500, () => ping());
    expect(await flood(client, 2_000, () => many)).toBeLessThan(2_000);
    expect([undefined, code.enhanceYourCalm]).toContain(await client.goaway());
    await target.expectUnharmed();
  });

  test("PING at the default limit, from a client that never reads: disconnected, and the replies are not kept", async () => {
    const target = await Target.shared();
    await target.recordBaseline();
    using client = await rawClient(target.address, { read: false });
    const many = manyFrames(1_000, () => ping());
    expect(await flood(client, 1_000, () => many)).toBeLessThan(1_000);
    await client.closed;
    await target.expectUnharmed();
  });

  test("a few hundred PINGs a second, as gRPC clients send to estimate bandwidth: answered", async () => {
    const target = await Target.shared();
    using client = await rawClient(target.address);
    for (let pings = 0; pings < 1_000; pings++) expect(await client.ping()).toBe(true);
  });

  // CVE-2019-9517 ("internal data buffering"): the flow-control window is wide open, and the client
  // does not read.
  test("a client that requests 100 MB and never reads: the server stops producing", async () => {
    const target = await Target.shared();
    await target.recordBaseline();
    const { heldMib } = await target.condition();
    using client = await rawClient(target.address, { read: false });
    client.write(settings([[4, 2 ** 31 - 1]]), windowUpdate(0, 2 ** 30));
    // response_parameters (field 2) with size (field 1) 1,000,000, a hundred times.
    const parameters = Buffer.concat(Array.from({ length: 100 }, () => Buffer.from([0x12, 4, 0x08, 0xc0, 0x84, 0x3d])));
    client.write(headers(1, callHeader(output)), data(1, message(parameters), flag.endStream));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await target.bystander.emptyCall({}, { timeoutMs: 5_000 });
    expect((await target.condition()).heldMib - heldMib, "MiB more than before").toBeLessThan(50);
    client[Symbol.dispose]();
    await target.expectUnharmed();
  });

  // CVE-2019-9518.
  test("empty DATA frames: disconnected", async () => {
    const target = await Target.shared();
    await target.recordBaseline();
    using client = await rawClient(target.address);
    client.write(headers(1, callHeader(duplex)));
    const many = manyFrames(1_000, () => data(1, new Uint8Array()));
    await flood(client, 200, () => many);
    await client.closed;
    await target.expectUnharmed();
  });

  // CVE-2019-9513 is about priorities, which nghttp2 no longer implements.
  test("PRIORITY frames: cost nothing but CPU time", async () => {
    const target = await Target.shared();
    await target.recordBaseline();
    using client = await rawClient(target.address);
    const many = manyFrames(1_000, (index) => frame(type.priority, 0, stream(index), Buffer.from([0, 0, 0, 0, 16])));
    await flood(client, 50, () => many);
    await Promise.race([client.closed, client.ping()]);
    client[Symbol.dispose]();
    await target.expectUnharmed();
  });

  test("thousands of small messages at once on one stream: echoed in order", async () => {
    const target = await Target.shared();
    await target.recordBaseline();
    const session = connect(`http://${target.address}`);
    const call = session.request({ ":method": "POST", ":path": duplex, "content-type": "application/grpc", te: "trailers" });
    let bytes = 0;
    call.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    let status: unknown;
    call.on("trailers", (trailers) => {
      status = trailers["grpc-status"];
    });
    call.end(manyFrames(10_000, () => nothing));
    await once(call, "close");
    // Each response has an empty payload: a message of two bytes.
    expect([status, bytes / 7]).toEqual([String(Code.OK), 10_000]);
    session.destroy();
    await target.expectUnharmed();
  });

  // Five bytes on the wire take about a hundred bytes in a queue, so the limit must count more than
  // the length.
  test.each([
    ["empty messages", nothing, {}],
    ["empty messages, compressed", message(gzipSync(new Uint8Array()), 1), { "grpc-encoding": "gzip" }],
    ["messages of one field", message(Buffer.from([0x0a, 0])), {}],
  ] as const)("%s on one stream whose handler waits: the server buffers some, and backpressure stops the client", async (_, one, more) => {
    await using target = await Target.start();
    await target.recordBaseline();
    const session = connect(`http://${target.address}`, { maxSessionMemory: 1_000 });
    session.on("error", () => {});
    const call = session.request({ ":method": "POST", ":path": duplex, "content-type": "application/grpc", te: "trailers", ...more });
    call.on("error", () => {});
    // The client does not read the responses, so the handler soon waits.
    call.pause();
    const part = manyFrames(Math.ceil(2 ** 20 / one.length), () => one);
    for (let times = 0; times < 24; times++) call.write(part);
    for (let times = 0; times < 4; times++) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      await target.bystander.emptyCall({}, { timeoutMs: 5_000 });
      expect((await target.condition()).heldMib).toBeLessThan(60);
    }
    session.destroy();
    await target.expectUnharmed();
  });

  test("unfinished messages on 120 streams: buffered up to the budget, the others rejected, and all memory released", async () => {
    await using target = await Target.start({ maxPendingBytesPerConnection: 16 * 2 ** 20 });
    await target.recordBaseline();
    const session = connect(`http://${target.address}`, { maxSessionMemory: 1_000 });
    session.on("error", () => {});
    let refused = 0;
    const unfinished = message(Buffer.alloc(2 ** 20 - 1), 0, 2 ** 20);
    for (let index = 0; index < 120; index++) {
      const path = index % 2 === 0 ? duplex : "/grpc.testing.TestService/UnaryCall";
      const call = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" });
      call.on("error", () => {});
      call.on("response", (header) => {
        if (header["grpc-status"] === String(Code.RESOURCE_EXHAUSTED)) refused++;
      });
      call.resume();
      call.write(unfinished);
    }
    await until(() => refused >= 100);
    await target.bystander.emptyCall({}, { timeoutMs: 5_000 });
    expect((await target.condition()).heldMib).toBeLessThan(60);
    session.destroy();
    await target.expectUnharmed();
  });

  // CVE-2024-37168 (GHSA-7v5v-9h63-cj86) of grpc-js: it buffered a message above the limit before
  // it rejected it.
  test("messages over the limit, sent in full on many streams: rejected, and not buffered", async () => {
    const target = await Target.shared();
    await target.recordBaseline();
    const session = connect(`http://${target.address}`, { maxSessionMemory: 1_000 });
    session.on("error", () => {});
    const statuses = await Promise.all(
      Array.from({ length: 30 }, async () => {
        const call = session.request({ ":method": "POST", ":path": duplex, "content-type": "application/grpc", te: "trailers" });
        let status: unknown;
        call.on("response", (header) => {
          status = header["grpc-status"];
        });
        call.on("error", () => {});
        call.resume();
        call.end(message(Buffer.alloc(8 * 2 ** 20)));
        await new Promise((resolve) => call.once("close", resolve));
        return status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([String(Code.RESOURCE_EXHAUSTED)]));
    session.destroy();
    await target.expectUnharmed();
  });
});
