// RFC 9113, section 6: frame definitions, except flow control and settings.
import {
  code,
  continuation,
  data,
  dependency,
  flag,
  frame,
  goaway,
  headers,
  padded,
  ping,
  priority,
  rstStream,
  type,
} from "../raw/frames.ts";
import { request } from "../raw/hpack.ts";
import { ballast, type Case, connectionError, eitherError, get, pong, post, responseHeaders, send } from "./case.ts";

const openPost = headers(1, post, flag.endHeaders);
const all = flag.endHeaders | flag.endStream;

const dataCases: readonly Case[] = [
  { section: "6.1", title: "DATA", steps: [send(openPost, data(1, "test", flag.endStream)), responseHeaders(1)] },
  {
    section: "6.1",
    title: "several DATA frames",
    steps: [send(openPost, data(1, "test"), data(1, "test", flag.endStream)), responseHeaders(1)],
  },
  {
    section: "6.1",
    title: "DATA with padding",
    steps: [send(openPost, data(1, padded(Buffer.from("test"), 5), flag.endStream | flag.padded)), responseHeaders(1)],
  },
  { section: "6.1", title: "DATA on stream 0", steps: [send(data(0, "test", flag.endStream)), connectionError(code.protocolError)] },
  {
    section: "6.1",
    title: "DATA after END_STREAM",
    steps: [send(headers(1, post), data(1, "test", flag.endStream)), eitherError(1, code.streamClosed)],
  },
  {
    section: "6.1",
    title: "DATA with a pad length beyond its payload",
    steps: [
      send(headers(1, request({ "content-length": "4" }), flag.endHeaders)),
      send(data(1, padded(Buffer.from("test"), 0, 6), flag.endStream | flag.padded)),
      connectionError(code.protocolError),
    ],
  },
];

const headersCases: readonly Case[] = [
  { section: "6.2", title: "HEADERS", steps: [send(headers(1, get)), responseHeaders(1)] },
  { section: "6.2", title: "HEADERS with padding", steps: [send(headers(1, padded(get, 8), all | flag.padded)), responseHeaders(1)] },
  {
    section: "6.2",
    title: "HEADERS with a priority",
    steps: [send(headers(1, Buffer.concat([dependency(0), get]), all | flag.priority)), responseHeaders(1)],
  },
  {
    section: "6.2",
    title: "HEADERS without END_HEADERS, then PRIORITY",
    steps: [send(headers(1, get, flag.none), priority(1, 0), continuation(1, ballast(1))), connectionError(code.protocolError)],
  },
  {
    section: "6.2",
    title: "HEADERS without END_HEADERS, then HEADERS of another stream",
    steps: [send(headers(1, get, flag.none), headers(3, get), continuation(1, ballast(1))), connectionError(code.protocolError)],
  },
  { section: "6.2", title: "HEADERS on stream 0", steps: [send(headers(0, get)), connectionError(code.protocolError)] },
  {
    section: "6.2",
    title: "HEADERS with a pad length beyond its payload",
    steps: [send(headers(1, padded(get, 0, get.length + 2), all | flag.padded)), connectionError(code.protocolError)],
  },
];

const priorityCases: readonly Case[] = [
  { section: "6.3", title: "PRIORITY with weight 1", steps: [send(priority(1, 0, 0), headers(1, get)), responseHeaders(1)] },
  { section: "6.3", title: "PRIORITY with weight 256", steps: [send(priority(1, 0, 255), headers(1, get)), responseHeaders(1)] },
  { section: "6.3", title: "PRIORITY that depends on a stream", steps: [send(priority(3, 1, 0), headers(1, get)), responseHeaders(1)] },
  { section: "6.3", title: "PRIORITY, exclusive", steps: [send(priority(1, 0, 0, true), headers(1, get)), responseHeaders(1)] },
  {
    section: "6.3",
    title: "PRIORITY on an idle stream, then HEADERS on one below it",
    steps: [send(priority(3, 0), headers(1, get)), responseHeaders(1)],
  },
  { section: "6.3", title: "PRIORITY on stream 0", steps: [send(priority(0, 0)), connectionError(code.protocolError)] },
  {
    section: "6.3",
    title: "PRIORITY with a length other than 5",
    steps: [send(headers(1, get), frame(type.priority, flag.none, 1, Buffer.of(0x80, 0, 0, 1))), eitherError(1, code.frameSizeError)],
  },
];

const rstStreamCases: readonly Case[] = [
  {
    section: "6.4",
    title: "RST_STREAM",
    steps: [send(headers(1, get, flag.endHeaders), rstStream(1, code.cancel), ping("after")), pong("after")],
  },
  { section: "6.4", title: "RST_STREAM on stream 0", steps: [send(rstStream(0, code.cancel)), connectionError(code.protocolError)] },
  { section: "6.4", title: "RST_STREAM on an idle stream", steps: [send(rstStream(1, code.cancel)), connectionError(code.protocolError)] },
  {
    section: "6.4",
    title: "RST_STREAM with a length other than 4",
    steps: [send(headers(1, get), frame(type.rstStream, flag.none, 1, Buffer.alloc(3))), connectionError(code.frameSizeError)],
  },
];

const pingCases: readonly Case[] = [
  { section: "6.7", title: "PING", steps: [send(ping("payload")), pong("payload")] },
  { section: "6.7", title: "PING: the answer has the same payload", steps: [send(ping("identity")), pong("identity")] },
  {
    section: "6.7",
    title: "PING with ACK is not answered",
    steps: [
      send(ping("invalid", flag.ack), ping("valid")),
      async (peer) => {
        const first = await peer.next(({ kind }) => kind === type.ping);
        if (!first?.payload.toString("latin1").startsWith("valid")) throw new Error(`PING with ACK was answered: ${peer.transcript()}`);
      },
    ],
  },
  {
    section: "6.7",
    title: "PING on a stream",
    steps: [send(frame(type.ping, flag.none, 1, Buffer.alloc(8))), connectionError(code.protocolError)],
  },
  {
    section: "6.7",
    title: "PING with a length other than 8",
    steps: [send(frame(type.ping, flag.none, 0, Buffer.alloc(6))), connectionError(code.frameSizeError)],
  },
];

/** Expects the answer to a PING or the end of the connection: both are correct after GOAWAY. */
const pongOrEnd = (payload: string) => async (peer: Parameters<ReturnType<typeof pong>>[0]) => {
  await peer.ping(payload);
};

const goawayCases: readonly Case[] = [
  { section: "6.8", title: "GOAWAY", steps: [send(goaway(0, code.noError, "debug")), pongOrEnd("after")] },
  {
    section: "6.8",
    title: "GOAWAY on a stream",
    steps: [send(frame(type.goaway, flag.none, 1, Buffer.alloc(8))), connectionError(code.protocolError)],
  },
];

const continuationCases: readonly Case[] = [
  {
    section: "6.10",
    title: "CONTINUATION",
    steps: [send(headers(1, get.subarray(0, 5), flag.endStream), continuation(1, get.subarray(5))), responseHeaders(1)],
  },
  {
    section: "6.10",
    title: "several CONTINUATION frames",
    steps: [
      send(
        headers(1, get.subarray(0, 5), flag.endStream),
        continuation(1, get.subarray(5, 10), flag.none),
        continuation(1, get.subarray(10)),
      ),
      responseHeaders(1),
    ],
  },
  {
    section: "6.10",
    title: "several CONTINUATION frames of several thousand bytes",
    steps: [send(headers(1, get, flag.endStream), continuation(1, ballast(1), flag.none), continuation(1, ballast(1))), responseHeaders(1)],
  },
  {
    section: "6.10",
    title: "CONTINUATION, then DATA",
    steps: [
      send(headers(1, post, flag.none), continuation(1, ballast(1), flag.none), data(1, "test", flag.endStream)),
      connectionError(code.protocolError),
    ],
  },
  {
    section: "6.10",
    title: "CONTINUATION on stream 0",
    steps: [send(headers(1, get, flag.endStream), continuation(0, ballast(1))), connectionError(code.protocolError)],
  },
  {
    section: "6.10",
    title: "CONTINUATION after HEADERS with END_HEADERS",
    steps: [send(headers(1, get), continuation(1, ballast(1))), connectionError(code.protocolError)],
  },
  {
    section: "6.10",
    title: "CONTINUATION after CONTINUATION with END_HEADERS",
    steps: [
      send(headers(1, get, flag.endStream), continuation(1, ballast(1)), continuation(1, ballast(1))),
      connectionError(code.protocolError),
    ],
  },
  {
    section: "6.10",
    title: "CONTINUATION after DATA",
    steps: [
      send(headers(1, post, flag.none), data(1, "test", flag.endStream)),
      send(continuation(1, ballast(1), flag.none), continuation(0, ballast(1))),
      connectionError(code.protocolError),
    ],
  },
];

export const frameDefinitions: readonly Case[] = [
  ...dataCases,
  ...headersCases,
  ...priorityCases,
  ...rstStreamCases,
  ...pingCases,
  ...goawayCases,
  ...continuationCases,
];
