// RFC 9113, section 5: streams and multiplexing. RFC 7540, section 5.3, for deprecated features.
import {
  code,
  continuation,
  data,
  dependency,
  flag,
  frame,
  headers,
  many,
  ping,
  priority,
  rstStream,
  setting,
  settings,
  type,
  windowUpdate,
} from "../raw/frames.ts";
import {
  ballast,
  type Case,
  closes,
  connectionError,
  dataOf,
  eitherError,
  get,
  pong,
  refused,
  responseEnd,
  send,
  sendBy,
  streamError,
} from "./case.ts";

const open = headers(1, get, flag.endHeaders);
const request = headers(1, get);
const complete = [send(request), responseEnd(1)];
/** A window of zero bytes prevents the server from completing its response. */
const zeroWindow = settings([setting.initialWindowSize, 0]);
const pingOnStream = frame(type.ping, flag.none, 3, Buffer.alloc(8));

export const streams: readonly Case[] = [
  { section: "5.1", title: "PRIORITY on an idle stream", steps: [send(priority(1, 0), ping("after")), pong("after")] },
  {
    section: "5.1",
    title: "WINDOW_UPDATE on a half-closed (remote) stream",
    steps: [send(zeroWindow, request, windowUpdate(1, 1)), dataOf(1, 1)],
  },
  {
    section: "5.1",
    title: "PRIORITY on a half-closed (remote) stream",
    steps: [send(zeroWindow, request, priority(1, 0), windowUpdate(1, 1)), dataOf(1, 1)],
  },
  {
    section: "5.1",
    title: "RST_STREAM on a half-closed (remote) stream",
    steps: [send(request, rstStream(1, code.cancel), ping("after")), pong("after")],
  },
  { section: "5.1", title: "PRIORITY on a closed stream", steps: [...complete, send(priority(1, 0), ping("after")), pong("after")] },
  { section: "5.1", title: "DATA on an idle stream", steps: [send(data(1, "test", flag.endStream)), connectionError(code.protocolError)] },
  { section: "5.1", title: "RST_STREAM on an idle stream", steps: [send(rstStream(1, code.cancel)), connectionError(code.protocolError)] },
  { section: "5.1", title: "WINDOW_UPDATE on an idle stream", steps: [send(windowUpdate(1, 100)), connectionError(code.protocolError)] },
  { section: "5.1", title: "CONTINUATION on an idle stream", steps: [send(continuation(1, get)), connectionError(code.protocolError)] },
  {
    section: "5.1",
    title: "DATA on a half-closed (remote) stream",
    steps: [send(zeroWindow, request, data(1, "test", flag.endStream)), streamError(1, code.streamClosed)],
  },
  {
    section: "5.1",
    title: "HEADERS on a half-closed (remote) stream",
    steps: [send(zeroWindow, request, request), streamError(1, code.streamClosed)],
  },
  {
    section: "5.1",
    title: "CONTINUATION on a half-closed (remote) stream",
    steps: [send(request, continuation(1, get)), connectionError(code.protocolError, code.streamClosed)],
  },
  {
    section: "5.1",
    title: "DATA after RST_STREAM",
    steps: [send(open, rstStream(1, code.cancel), data(1, "test", flag.endStream)), eitherError(1, code.streamClosed)],
  },
  {
    section: "5.1",
    title: "HEADERS after RST_STREAM",
    steps: [send(open, rstStream(1, code.cancel), request), eitherError(1, code.streamClosed)],
  },
  {
    section: "5.1",
    title: "CONTINUATION after RST_STREAM",
    steps: [send(open, rstStream(1, code.cancel), continuation(1, ballast(1))), connectionError(code.protocolError, code.streamClosed)],
  },
  {
    section: "5.1",
    title: "DATA on a closed stream",
    steps: [...complete, send(data(1, "test", flag.endStream)), eitherError(1, code.streamClosed)],
  },
  { section: "5.1", title: "HEADERS on a closed stream", steps: [...complete, send(request), connectionError(code.streamClosed)] },
  {
    section: "5.1",
    title: "CONTINUATION on a closed stream",
    steps: [...complete, send(continuation(1, ballast(1))), connectionError(code.protocolError, code.streamClosed)],
  },
  { section: "5.1.1", title: "an even stream identifier", steps: [send(headers(2, get)), connectionError(code.protocolError)] },
  {
    section: "5.1.1",
    title: "a stream identifier below the last one",
    steps: [send(headers(5, get), headers(3, get)), connectionError(code.protocolError, code.streamClosed)],
  },
  {
    section: "5.1.2",
    title: "more streams than SETTINGS_MAX_CONCURRENT_STREAMS",
    steps: [
      send(zeroWindow),
      sendBy((settings) => {
        const limit = settings.get(setting.maxConcurrentStreams) ?? Number.POSITIVE_INFINITY;
        if (!Number.isFinite(limit)) throw new Error("the server has no limit of concurrent streams");
        return many(limit + 1, (index) => headers(2 * index + 1, get));
      }),
      refused(code.protocolError, code.refusedStream),
    ],
  },
  {
    section: "5.3.1 of RFC 7540",
    title: "HEADERS with a dependency on their own stream",
    steps: [
      send(headers(1, Buffer.concat([dependency(1), get]), flag.endHeaders | flag.endStream | flag.priority)),
      eitherError(1, code.protocolError),
    ],
  },
  {
    section: "5.3.1 of RFC 7540",
    title: "PRIORITY with a dependency on its own stream",
    steps: [send(priority(1, 1)), eitherError(1, code.protocolError)],
  },
  { section: "5.4.1", title: "an invalid PING: the connection closes", steps: [send(pingOnStream), closes] },
  { section: "5.4.1", title: "an invalid PING: GOAWAY comes first", steps: [send(pingOnStream), connectionError(code.protocolError)] },
  {
    section: "5.5",
    title: "a frame of an extension",
    steps: [send(frame(0x16, flag.none, 0, Buffer.alloc(8)), ping("after")), pong("after")],
  },
  {
    section: "5.5",
    title: "a frame of an extension inside a field block",
    steps: [send(headers(1, get, flag.endStream), frame(0x16, flag.none, 0, Buffer.alloc(8))), connectionError(code.protocolError)],
  },
];
