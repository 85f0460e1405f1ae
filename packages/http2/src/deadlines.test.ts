import { duplexPair } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Stream } from "./api/connection.ts";
import type { ConnectionOptions } from "./api/options.ts";
import { resolveConfig, type StreamListener } from "./config.ts";
import { Http2Connection } from "./connection.ts";
import { ErrorCode } from "./errors.ts";
import { clientPreface } from "./frame/types.ts";
import { HeaderList } from "./headers/header-list.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const emptySettings = Buffer.of(0, 0, 0, 4, 0, 0, 0, 0, 0);
/** GET http /, on stream 1: indexed fields, END_HEADERS and END_STREAM. */
const request = Buffer.of(0, 0, 3, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x84);
const settingsAck = Buffer.of(0, 0, 0, 4, 1, 0, 0, 0, 0);

function serverConnection(
  options: ConnectionOptions = {},
  onStream: StreamListener = () => ({}),
): { connection: Http2Connection; send: (...chunks: Buffer[]) => void } {
  const [near, far] = duplexPair();
  near.resume();
  const connection = new Http2Connection(far, resolveConfig("server", options, onStream), true);
  return { connection, send: (...chunks) => far.emit("data", Buffer.concat(chunks)) };
}

test("one timer serves all deadlines of a connection", () => {
  const { connection } = serverConnection({ keepalive: { interval: 1000 } });
  expect(vi.getTimerCount()).toBe(1);
  connection.destroy();
});

test("a closed connection leaves no timer, which would keep it in memory", () => {
  const { connection, send } = serverConnection();
  send(clientPreface, emptySettings);
  connection.destroy();
  connection.deadlines.arm(performance.now() + 100);
  expect(vi.getTimerCount()).toBe(0);
});

test("the preface deadline comes first, then that of the SETTINGS acknowledgement", () => {
  const silent = serverConnection({ limits: { prefaceTimeout: 100, settingsTimeout: 300 } }).connection;
  vi.advanceTimersByTime(110);
  expect(silent.closeReason?.code).toBe(ErrorCode.PROTOCOL_ERROR);
  const { connection, send } = serverConnection({ limits: { prefaceTimeout: 100, settingsTimeout: 300 } });
  send(clientPreface, emptySettings);
  vi.advanceTimersByTime(290);
  expect(connection.closeReason).toBeUndefined();
  vi.advanceTimersByTime(20);
  expect(connection.closeReason?.code).toBe(ErrorCode.SETTINGS_TIMEOUT);
});

test("an endless frame fails the connection, and a busy one whose chunks all end within a frame continues", () => {
  const { connection, send } = serverConnection({ limits: { headerBlockTimeout: 100, pingRate: 1000 } });
  send(clientPreface, emptySettings, settingsAck);
  const ping = Buffer.concat([Buffer.of(0, 0, 8, 6, 0, 0, 0, 0, 0), Buffer.alloc(8)]);
  send(ping.subarray(0, 12));
  for (let count = 0; count < 10; count++) {
    vi.advanceTimersByTime(50);
    send(ping.subarray(12), ping.subarray(0, 12));
    expect(connection.closeReason).toBeUndefined();
  }
  vi.advanceTimersByTime(110);
  expect(connection.closeReason?.code).toBe(ErrorCode.ENHANCE_YOUR_CALM);
});

test("the idle time starts when the last stream ends, even after a silent period", () => {
  let stream: Stream | undefined;
  const { connection, send } = serverConnection({ limits: { idleTimeout: 1000 } }, (opened) => {
    stream = opened;
    return {};
  });
  send(clientPreface, emptySettings, settingsAck, request);
  vi.advanceTimersByTime(60_000);
  stream?.respond(HeaderList.response(200));
  vi.advanceTimersByTime(900);
  expect(connection.openStreams).toBe(0);
  expect(connection.state).toBe("open");
  vi.advanceTimersByTime(200);
  expect(connection.state).toBe("draining");
  connection.destroy();
});

test("other bytes extend the keepalive timeout, and a silent peer is disconnected", () => {
  const { connection, send } = serverConnection({ keepalive: { interval: 1000, timeout: 500, withoutStreams: true } });
  send(clientPreface, emptySettings, settingsAck);
  connection.ping(() => {});
  expect(connection.counters().keepalivesSent).toBe(0);
  vi.advanceTimersByTime(1100);
  expect(connection.counters().keepalivesSent).toBe(1);
  for (let count = 0; count < 10; count++) {
    send(Buffer.of(0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1));
    vi.advanceTimersByTime(400);
    expect(connection.closeReason).toBeUndefined();
  }
  vi.advanceTimersByTime(200);
  expect(connection.closeReason?.message).toContain("keepalive");
});

test("a time beyond the maximum of Node's timers does not fire early", () => {
  const timers = vi.spyOn(globalThis, "setTimeout");
  const { connection, send } = serverConnection({ limits: { idleTimeout: 2 ** 40, prefaceTimeout: 10, settingsTimeout: 10 } });
  send(clientPreface, emptySettings, settingsAck);
  vi.advanceTimersByTime(1000);
  expect(connection.state).toBe("open");
  for (const [, delay] of timers.mock.calls) expect(delay).toBeLessThan(2 ** 31);
  connection.destroy();
});
