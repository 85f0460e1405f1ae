// Hostile clients of the gateway, with hand-written HTTP/1.1 and HTTP/2. Each gets the right status
// or is disconnected. Other clients are unaffected, and the gateway keeps no memory and throws no
// error.
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askHttp1 } from "../gateway/http.ts";
import { Process } from "../harness/process.ts";
import { until } from "../harness/until.ts";
import { code, data, type Fields, flag, frame, headerBlock, headers, ping, preface, rstStream, settings, type } from "./frames.ts";
import { type RawClient, rawClient } from "./raw-client.ts";
import type { Condition } from "./target.ts";

const path = "/grpc.testing.TestService/UnaryCall";
const duplex = "/grpc.testing.TestService/FullDuplexCall";
/** Short limits keep the tests fast. */
const options = { limits: { headersTimeoutMs: 300, maxConnections: 100 }, bodyTimeoutMs: 400, bodyLimit: 65_536 };

let gateway: Process;
let address = "";
let before: Condition;

const condition = () => gateway.ask<Condition>("condition");
const served = () => askHttp1(`http://${address}${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });

beforeAll(async () => {
  const program = fileURLToPath(new URL("gateway-process.ts", import.meta.url));
  gateway = new Process(process.execPath, ["--expose-gc", "--max-old-space-size=512", program, JSON.stringify(options)], { ipc: true });
  address = await gateway.stdout.line(() => true);
  for (let requests = 0; requests < 20; requests++) await served();
  before = await condition();
});
afterAll(() => gateway[Symbol.asyncDispose]());

/**
 * Call after an attack: expects that another client is served, and that all resources are released.
 */
async function expectUnharmed(): Promise<void> {
  expect(await served()).toMatchObject({ status: 200 });
  let now = before;
  const end = performance.now() + 4_000;
  await until(async () => {
    now = await condition();
    const calm = now.connections <= before.connections && now.calls === 0 && now.heldMib - before.heldMib < 8;
    return calm || performance.now() > end;
  });
  expect(now.faults).toEqual([]);
  expect(now.calls, "calls that go on").toBe(0);
  expect(now.connections, "connections").toBeLessThanOrEqual(before.connections);
  expect(now.heldMib - before.heldMib, "MiB more than before").toBeLessThan(8);
}

/** Returns all bytes received until the connection is closed. A reset may lose the last bytes. */
async function answerTo(...lines: readonly string[]): Promise<string> {
  const [host, port] = address.split(":");
  const socket = connect({ host, port: Number(port) });
  const chunks: Buffer[] = [];
  socket.on("error", () => {}).on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.write(lines.join("\r\n"));
  await new Promise((resolve) => socket.once("close", resolve));
  return Buffer.concat(chunks).toString();
}

/** The status codes in a response text, in order. */
const statuses = (answer: string): number[] => [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));

/** Milliseconds until the gateway closes the connection. */
async function closedAfter(bytes: Uint8Array | string, dripped = false): Promise<number> {
  const client = await rawClient(address, { begin: false });
  const start = performance.now();
  void (async () => {
    if (!dripped) return client.write(Buffer.from(bytes));
    for (const byte of Buffer.from(bytes)) {
      client.write(Buffer.of(byte));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  await client.closed;
  return performance.now() - start;
}

const callHeader = (to: string, more: Fields = []): Fields => [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", to],
  [":authority", "localhost"],
  ["content-type", "application/json"],
  ...more,
];

describe("slow", { concurrent: false }, () => {
  const longHeader = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nX: ${"y".repeat(1_000)}`;
  test.each([
    ["nothing at all", "", false],
    ["an HTTP/1.1 header that stops", longHeader, false],
    ["an HTTP/1.1 header, a byte at a time", longHeader, true],
    ["half of the HTTP/2 preface", preface.subarray(0, 18), false],
    ["the HTTP/2 preface, and no settings", preface, false],
    ["an HTTP/2 header that never ends", Buffer.concat([preface, settings(), headers(1, callHeader(path), flag.none)]), false],
  ])("%s: the connection is closed", async (_, bytes, dripped) => {
    const ms = await closedAfter(bytes, dripped);
    expect(ms).toBeGreaterThan(200);
    expect(ms).toBeLessThan(5_000);
    await expectUnharmed();
  });

  test("a body that stops, or comes a byte at a time: 408, over HTTP/1.1 and HTTP/2", async () => {
    const header = [`POST ${path} HTTP/1.1`, "Host: localhost", "Content-Type: application/json", "Content-Length: 100", "", "{"];
    expect(statuses(await answerTo(...header))).toEqual([408]);
    const client = await rawClient(address);
    client.write(headers(1, callHeader(path)), data(1, Buffer.from("{")));
    const dripping = setInterval(() => client.write(data(1, Buffer.from(" "))), 20);
    const answer = await client.frame(({ stream, kind }) => stream === 1 && kind === type.headers);
    clearInterval(dripping);
    // 408 is not in HPACK's static table, and Huffman coding does not shorten it, so its digits are
    // readable.
    expect(answer?.payload.toString("latin1")).toContain("408");
    client[Symbol.dispose]();
    await expectUnharmed();
  });

  test("hundreds of silent clients: at most the limit stays connected, and new clients get in afterwards", async () => {
    const crowd = await Promise.all(Array.from({ length: 300 }, () => rawClient(address, { begin: false })));
    await Promise.all(crowd.map(({ closed }) => closed));
    await expectUnharmed();
  });
});

describe("HTTP/1.1", { concurrent: false }, () => {
  test.each([
    ["headers of 100 KB", [`GET ${path} HTTP/1.1`, "Host: localhost", `X: ${"y".repeat(100_000)}`], [431]],
    ["5,000 headers", [`GET ${path} HTTP/1.1`, "Host: localhost", ...Array.from({ length: 5_000 }, (_, index) => `X${index}: y`)], [431]],
    ["a URL of 100 KB", [`GET /${"x".repeat(100_000)} HTTP/1.1`, "Host: localhost"], [431]],
    [
      "a content-length over the limit",
      [`POST ${path} HTTP/1.1`, "Host: localhost", "Content-Type: application/json", "Content-Length: 4294967295"],
      [413],
    ],
    ["a negative length", [`POST ${path} HTTP/1.1`, "Host: localhost", "Content-Length: -1"], [400]],
    ["no Host header", [`GET ${path} HTTP/1.1`], [400]],
    ["an unknown version", [`GET ${path} HTTP/3.7`, "Host: localhost"], [400]],
    ["an unknown method", [`NONSENSE ${path} HTTP/1.1`, "Host: localhost"], [400]],
    ["NUL in a header", [`GET ${path} HTTP/1.1`, "Host: localhost", "X: a\0b"], [400]],
    ["a TLS handshake", ["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"], [400]],
  ])("%s: rejected, and the connection is closed", async (_, lines, expected) => {
    const answer = await answerTo(...lines, "Connection: close", "", "");
    // The server does not read an oversized request to its end. It resets the connection, so the
    // response may be lost.
    if (answer !== "" || lines.join("").length < 50_000) expect(statuses(answer)).toEqual(expected);
    await expectUnharmed();
  });

  const smuggled = [
    `POST ${path} HTTP/1.1`,
    "Host: localhost",
    "Content-Type: application/json",
    "Content-Length: 2",
    "Connection: close",
    "",
    "{}",
  ].join("\r\n");
  const chunked = `2\r\n{}\r\n0\r\n\r\n${smuggled}`;
  // CVE-2022-32213 to 32215, CVE-2023-30589, CVE-2024-22019, CVE-2024-27982, CVE-2025-23167 (Node).
  test.each([
    ["Content-Length and Transfer-Encoding", ["Content-Length: 2", "Transfer-Encoding: chunked"], chunked],
    ["Transfer-Encoding and Content-Length", ["Transfer-Encoding: chunked", "Content-Length: 2"], chunked],
    ["two Content-Lengths", ["Content-Length: 2", "Content-Length: 3"], `{} ${smuggled}`],
    ["a list as Content-Length", ["Content-Length: 2, 3"], `{} ${smuggled}`],
    ["a Content-Length with a sign", ["Content-Length: +2"], `{}${smuggled}`],
    ["chunked twice", ["Transfer-Encoding: chunked, chunked"], chunked],
    ["an encoding that is not chunked last", ["Transfer-Encoding: chunked, identity"], chunked],
    ["an unknown encoding", ["Transfer-Encoding: xchunked"], chunked],
    ["a space before the colon", ["Transfer-Encoding : chunked"], chunked],
    ["a folded line", ["Content-Length: 2", " Transfer-Encoding: chunked", "X: y", "\tz"], `{}${smuggled}`],
    ["a header that ends in a line feed", ["X: y\nTransfer-Encoding: chunked", "Content-Length: 2"], chunked],
    ["a header that ends in a carriage return", ["X: y\rTransfer-Encoding: chunked", "Content-Length: 2"], `{}${smuggled}`],
    ["a chunk's size with a sign", ["Transfer-Encoding: chunked"], `+2\r\n{}\r\n0\r\n\r\n${smuggled}`],
    ["a chunk's size in hexadecimal notation", ["Transfer-Encoding: chunked"], `0x2\r\n{}\r\n0\r\n\r\n${smuggled}`],
    ["a chunk's size of 100 digits", ["Transfer-Encoding: chunked"], `${"f".repeat(100)}\r\n{}`],
    ["a chunk that ends in something else", ["Transfer-Encoding: chunked"], `2\r\n{}XX0\r\n\r\n${smuggled}`],
    ["chunk extensions of 100 KB", ["Transfer-Encoding: chunked"], `2;${"x".repeat(100_000)}\r\n{}\r\n0\r\n\r\n${smuggled}`],
  ])("%s: no second request is found in the body", async (_, fields, body) => {
    const answer = await answerTo(`POST ${path} HTTP/1.1`, "Host: localhost", "Content-Type: application/json", ...fields, "", body);
    expect(statuses(answer).filter((status) => status === 200).length, answer).toBe(0);
    await expectUnharmed();
  });

  // Node no longer manages a connection that asked for an upgrade. Without help, it would stay open
  // for ever.
  test.each([
    ["h2c", "/healthz", [200]],
    ["nonsense", path, [405]],
    ["websocket", "/nothing", [404]],
    ["websocket", "/%ff", [400]],
    ["websocket", duplex, [426]],
  ])("an invalid upgrade to %s at %s: answered, and the connection is closed", async (protocol, of, expected) => {
    expect(
      statuses(await answerTo(`GET ${of} HTTP/1.1`, "Host: localhost", "Connection: Upgrade, close", `Upgrade: ${protocol}`, "", "")),
    ).toEqual(expected);
    await expectUnharmed();
  });
});

/**
 * Sends until the connection is closed or `times` rounds are sent. Resolves to `true` if the
 * connection was closed.
 */
async function flood(client: RawClient, times: number, make: (round: number) => Uint8Array): Promise<boolean> {
  for (let round = 0; round < times; round++) if (!(await client.pour(make(round)))) return true;
  // The last bytes may still be on their way.
  return !(await client.ping());
}
const many = (count: number, make: (index: number) => Uint8Array) =>
  Buffer.concat(Array.from({ length: count }, (_, index) => make(index)));

describe("HTTP/2", { concurrent: false }, () => {
  // CVE-2023-44487, CVE-2019-9512, CVE-2019-9515, CVE-2019-9518, CVE-2024-27983.
  test.each([
    [
      "streams that are reset at once",
      (index: number) => Buffer.concat([headers(2 * index + 1, callHeader(path)), rstStream(2 * index + 1, code.cancel)]),
    ],
    ["PING", () => ping()],
    ["SETTINGS", () => settings([[4, 65_535]])],
    ["more streams than allowed", (index: number) => headers(2 * index + 1, callHeader(duplex))],
    ["malformed requests", (index: number) => headers(2 * index + 1, [[":method", "GET"]])],
  ])("a flood of %s: disconnected", async (_, make) => {
    const client = await rawClient(address);
    expect(await flood(client, 1_000, (round) => many(100, (index) => make(round * 100 + index)))).toBe(true);
    await expectUnharmed();
  });

  test.each([
    ["CONTINUATION", () => frame(type.continuation, flag.none, 1, headerBlock([["x", "y".repeat(1_000)]]))],
    ["empty CONTINUATION", () => frame(type.continuation, flag.none, 1)],
  ])("a flood of %s frames: disconnected", async (_, make) => {
    const client = await rawClient(address);
    client.write(headers(1, callHeader(path), flag.none));
    expect(await flood(client, 1_000, () => many(100, make))).toBe(true);
    await expectUnharmed();
  });

  test("headers over the limit on hundreds of streams: rejected, and not kept", async () => {
    const client = await rawClient(address);
    const long: Fields = Array.from({ length: 12 }, () => ["x", "y".repeat(1_300)] as const);
    await flood(client, 300, (round) => headers(2 * round + 1, callHeader(path, long), flag.endHeaders | flag.endStream));
    client[Symbol.dispose]();
    await expectUnharmed();
  });

  test("a client that never reads the responses: the gateway stops producing them", async () => {
    const client = await rawClient(address, { read: false });
    const body = Buffer.from(JSON.stringify({ payload: { body: "A".repeat(16_000) } }));
    await Promise.race([
      flood(client, 5_000, (round) =>
        Buffer.concat([
          headers(2 * round + 1, callHeader(path)),
          data(2 * round + 1, body.subarray(0, 16_000)),
          data(2 * round + 1, body.subarray(16_000), flag.endStream),
        ]),
      ),
      new Promise((resolve) => setTimeout(resolve, 1_500)),
    ]);
    expect(await served()).toMatchObject({ status: 200 });
    expect((await condition()).heldMib - before.heldMib).toBeLessThan(40);
    client[Symbol.dispose]();
    await expectUnharmed();
  });
});
