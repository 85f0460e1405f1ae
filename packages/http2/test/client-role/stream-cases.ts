// Stream states, identifiers and flow control, as a client sees them (RFC 9113, sections 5 and
// 6.9).
import { expect } from "vitest";
import { code, continuation, data, dependency, flag, headers, many, padded, priority, rstStream, windowUpdate } from "../raw/frames.ts";
import { response as fields } from "../raw/hpack.ts";
import type { ClientCase } from "./case.ts";
import { connectionError, resetByPeer, response, streamError } from "./expect.ts";

const ok = fields();
const begin = headers(1, ok, flag.endHeaders);
const end = data(1, "body", flag.endStream);

const fatal = (section: string, title: string, error: number, ...answer: readonly Uint8Array[]): ClientCase => ({
  section,
  title,
  answer,
  expect: connectionError(error),
});

export const streamCases: readonly ClientCase[] = [
  fatal("5.1", "DATA on an idle stream", code.protocolError, data(3, "body")),
  fatal("5.1", "HEADERS on an idle stream", code.protocolError, headers(3, ok)),
  fatal("5.1", "RST_STREAM on an idle stream", code.protocolError, rstStream(3, code.cancel)),
  fatal("5.1", "WINDOW_UPDATE on an idle stream", code.protocolError, windowUpdate(3, 1)),
  fatal("5.1", "CONTINUATION on an idle stream", code.protocolError, continuation(3, ok)),
  fatal("5.1.1", "HEADERS on an even stream", code.protocolError, headers(2, ok)),
  fatal("5.1.1", "DATA on an even stream", code.protocolError, data(2, "body")),
  fatal("5.1.1", "RST_STREAM on an even stream", code.protocolError, rstStream(2, code.cancel)),
  fatal("5.1.1", "WINDOW_UPDATE on an even stream", code.protocolError, windowUpdate(2, 1)),
  {
    section: "5.1",
    title: "DATA after END_STREAM while the request continues",
    open: true,
    answer: [begin, end, data(1, "more")],
    expect: async ({ peer }) => {
      expect(await peer.ping()).toBe(true);
      expect(peer.reset(1)).toBe(code.streamClosed);
    },
  },
  {
    section: "5.1",
    title: "HEADERS after END_STREAM while the request continues",
    open: true,
    answer: [begin, end, headers(1, ok)],
    expect: async ({ peer }) => {
      expect(await peer.ping()).toBe(true);
      expect(peer.reset(1)).toBe(code.streamClosed);
    },
  },
  {
    section: "5.1",
    title: "DATA on a closed stream",
    answer: [begin, end, data(1, "more")],
    expect: async ({ peer }) => {
      const sent = (await peer.ping()) ? peer.reset(1) : await peer.goaway();
      expect(sent, peer.transcript()).toBe(code.streamClosed);
    },
  },
  {
    section: "5.1",
    title: "HEADERS on a closed stream",
    answer: [begin, end, headers(1, ok)],
    expect: async ({ peer }) => {
      const sent = (await peer.ping()) ? peer.reset(1) : await peer.goaway();
      expect(sent, peer.transcript()).toBe(code.streamClosed);
    },
  },
  {
    section: "5.1",
    title: "WINDOW_UPDATE, RST_STREAM and PRIORITY on a closed stream",
    answer: [begin, end, windowUpdate(1, 1), rstStream(1, code.noError), priority(1, 0)],
    expect: response(200, 4),
  },
  {
    section: "5.1",
    title: "every frame on a stream that the client has reset",
    answer: [],
    expect: async ({ peer, stream, connection, outcome }) => {
      stream.reset();
      expect((await outcome).reset?.source).toBe("local");
      expect(connection.openStreams).toBe(0);
      peer.send(begin, data(1, "body"), windowUpdate(1, 1), headers(1, fields({ ":status": undefined, x: "y" })), priority(1, 0));
      expect(await peer.ping(), peer.transcript()).toBe(true);
      expect(peer.frames.filter(({ kind }) => kind === 7)).toEqual([]);
    },
  },
  {
    section: "5.3.1 of RFC 7540",
    title: "HEADERS with a dependency on their own stream",
    answer: [headers(1, Buffer.concat([dependency(1), ok]), flag.endHeaders | flag.priority), end],
    expect: streamError(code.protocolError),
  },
  {
    section: "8.7",
    title: "RST_STREAM with REFUSED_STREAM",
    answer: [rstStream(1, code.refusedStream)],
    expect: resetByPeer(code.refusedStream, true),
  },
  { section: "6.4", title: "RST_STREAM with CANCEL", answer: [rstStream(1, code.cancel)], expect: resetByPeer(code.cancel, false) },
  {
    section: "6.4",
    title: "RST_STREAM after a part of the response",
    answer: [begin, data(1, "part"), rstStream(1, code.internalError)],
    expect: resetByPeer(code.internalError, false),
  },
  { section: "7", title: "RST_STREAM with an unknown code", answer: [rstStream(1, 0xdead)], expect: resetByPeer(0xdead, false) },
  {
    section: "8.1",
    title: "a complete response, then RST_STREAM with NO_ERROR, while the request continues",
    open: true,
    answer: [begin, end, rstStream(1, code.noError)],
    expect: async ({ peer, stream, connection, outcome, recorder }) => {
      const come = await outcome;
      expect(come).toMatchObject({ status: 200, bytes: 4, reset: undefined });
      expect(await peer.ping()).toBe(true);
      expect(stream.closed).toBe(true);
      expect(stream.write(Buffer.from("late"))).toBe(false);
      expect(connection.openStreams).toBe(0);
      expect(recorder.calls.slice(0, 2)).toEqual(["headers", "data"]);
    },
  },
  {
    section: "6.9.1",
    title: "DATA beyond the window of the stream",
    options: { initialWindowSize: 65_535, connectionWindowSize: 1 << 20, maxWindowSize: 0 },
    uncredited: true,
    answer: [begin, many(4, () => data(1, Buffer.alloc(16_000))), data(1, Buffer.alloc(1_536))],
    expect: async ({ peer, outcome }) => {
      expect((await outcome).reset).toMatchObject({ code: code.flowControlError });
      expect((await peer.ping()) ? peer.reset(1) : await peer.goaway(), peer.transcript()).toBe(code.flowControlError);
    },
  },
  {
    section: "6.9.1",
    title: "DATA that fills the window of the stream",
    options: { initialWindowSize: 65_535, connectionWindowSize: 1 << 20, maxWindowSize: 0 },
    uncredited: true,
    answer: [begin, many(4, () => data(1, Buffer.alloc(16_000))), data(1, Buffer.alloc(1_535), flag.endStream)],
    expect: response(200, 65_535),
  },
  {
    section: "6.9.1",
    title: "DATA beyond the window of the connection",
    options: { initialWindowSize: 1 << 20, connectionWindowSize: 65_535, maxWindowSize: 0 },
    uncredited: true,
    answer: [begin, many(5, () => data(1, Buffer.alloc(16_000)))],
    expect: connectionError(code.flowControlError),
  },
  {
    section: "6.1",
    title: "padding that fills the window of the stream: the client credits it",
    options: { initialWindowSize: 65_535, connectionWindowSize: 65_535, maxWindowSize: 0 },
    uncredited: true,
    answer: [begin, many(60, () => data(1, padded(Buffer.of(1), 255), flag.padded))],
    expect: async ({ peer, recorder }) => {
      expect(await peer.ping()).toBe(true);
      peer.send(many(60, () => data(1, padded(Buffer.of(1), 255), flag.padded)));
      for (let rounds = 0; rounds < 10; rounds++) {
        expect(await peer.ping(), peer.transcript()).toBe(true);
        peer.send(many(60, () => data(1, padded(Buffer.of(1), 255), flag.padded)));
      }
      expect(await peer.ping(), peer.transcript()).toBe(true);
      expect(recorder.bytes).toBe(720);
    },
  },
];
