// Frames of every kind that a server may or may not send (RFC 9113, sections 4 and 6).
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
  pushPromise,
  rstStream,
  setting,
  settings,
  type,
  windowUpdate,
} from "../raw/frames.ts";
import { block, response as fields, request } from "../raw/hpack.ts";
import type { ClientCase } from "./case.ts";
import { connectionError, response, streamError } from "./expect.ts";

const ok = fields();
const begin = headers(1, ok, flag.endHeaders);
const whole = headers(1, ok);
const end = data(1, "body", flag.endStream);
const most = 2 ** 31 - 1;

const accepted = (section: string, title: string, ...answer: readonly Uint8Array[]): ClientCase => ({
  section,
  title,
  answer,
  expect: response(200, 4),
});
const fatal = (section: string, title: string, error: number, ...answer: readonly Uint8Array[]): ClientCase => ({
  section,
  title,
  answer,
  expect: connectionError(error),
});
const onStream = (kind: number, stream: number, length: number) => frame(kind, flag.none, stream, Buffer.alloc(length));

export const frameCases: readonly ClientCase[] = [
  accepted("4.1", "a frame of an unknown type", frame(0x16, 0xff, 0, Buffer.alloc(8)), frame(0xfe, 0, 1), begin, end),
  accepted("4.1", "undefined flags", headers(1, ok, flag.endHeaders | 0xc2), data(1, "body", flag.endStream | 0xf6)),
  accepted(
    "4.1",
    "the reserved bit",
    frame(type.headers, flag.endHeaders, 0x8000_0001, ok),
    frame(type.data, flag.endStream, 0x8000_0001, Buffer.from("body")),
  ),
  fatal("4.2", "HEADERS above SETTINGS_MAX_FRAME_SIZE", code.frameSizeError, headers(1, Buffer.concat([ok, Buffer.alloc(16_400)]))),
  {
    section: "4.2",
    title: "DATA above SETTINGS_MAX_FRAME_SIZE",
    answer: [begin, data(1, Buffer.alloc(16_385))],
    expect: connectionError(code.frameSizeError),
  },
  fatal("4.3", "a field block that ends in the middle of a field", code.compressionError, headers(1, Buffer.of(0x40))),
  fatal(
    "4.3",
    "PRIORITY inside a field block",
    code.protocolError,
    headers(1, ok, flag.none),
    priority(1, 0),
    continuation(1, Buffer.alloc(0)),
  ),
  fatal("4.3", "DATA inside a field block", code.protocolError, headers(1, ok, flag.none), data(1, "body")),
  fatal("4.3", "PING inside a field block", code.protocolError, headers(1, ok, flag.none), ping()),
  fatal("4.3", "an unknown frame inside a field block", code.protocolError, headers(1, ok, flag.none), frame(0x16, 0, 0)),
  fatal("4.3", "CONTINUATION of another stream", code.protocolError, headers(1, ok, flag.none), continuation(3, ok)),

  accepted("6.1", "DATA with padding", begin, data(1, padded(Buffer.from("body"), 255), flag.endStream | flag.padded)),
  accepted("6.1", "DATA that is only padding", begin, data(1, padded(Buffer.alloc(0), 10), flag.padded), end),
  fatal(
    "6.1",
    "DATA with a pad length beyond its payload",
    code.protocolError,
    begin,
    data(1, padded(Buffer.from("body"), 0, 5), flag.padded),
  ),
  fatal("6.1", "DATA with PADDED but without a pad length", code.frameSizeError, begin, data(1, "", flag.padded)),
  fatal("6.1", "DATA on stream 0", code.protocolError, data(0, "body")),

  accepted(
    "6.2",
    "HEADERS with padding and a priority",
    headers(1, padded(Buffer.concat([dependency(0), ok]), 9), flag.endHeaders | flag.padded | flag.priority),
    end,
  ),
  fatal(
    "6.2",
    "HEADERS with a pad length beyond its payload",
    code.protocolError,
    headers(1, padded(ok, 0, ok.length + 1), flag.endHeaders | flag.padded),
  ),
  fatal("6.2", "HEADERS on stream 0", code.protocolError, headers(0, ok)),
  fatal(
    "6.2",
    "HEADERS with PRIORITY but without its five bytes",
    code.frameSizeError,
    headers(1, Buffer.of(0, 0), flag.endHeaders | flag.priority),
  ),

  accepted("6.3", "PRIORITY on open and idle streams", priority(1, 0), priority(3, 1), priority(2, 0), begin, end),
  fatal("6.3", "PRIORITY on stream 0", code.protocolError, priority(0, 1)),

  fatal("6.4", "RST_STREAM on stream 0", code.protocolError, rstStream(0, code.cancel)),
  fatal("6.4", "RST_STREAM with a length other than 4", code.frameSizeError, onStream(type.rstStream, 1, 3)),

  accepted(
    "6.5",
    "SETTINGS in the middle of a response",
    begin,
    settings([setting.maxConcurrentStreams, 5], [setting.maxFrameSize, 2 ** 20], [0x99, 1]),
    end,
  ),
  accepted("6.5", "SETTINGS_ENABLE_PUSH of 0", settings([setting.enablePush, 0]), begin, end),
  fatal("6.5.2", "SETTINGS_ENABLE_PUSH of 1 from a server", code.protocolError, settings([setting.enablePush, 1])),
  fatal("6.5.2", "SETTINGS_ENABLE_PUSH of 2", code.protocolError, settings([setting.enablePush, 2])),
  fatal("6.5.2", "SETTINGS_INITIAL_WINDOW_SIZE above 2^31-1", code.flowControlError, settings([setting.initialWindowSize, 2 ** 31])),
  fatal("6.5.2", "SETTINGS_MAX_FRAME_SIZE below 2^14", code.protocolError, settings([setting.maxFrameSize, 16_383])),
  fatal("6.5.2", "SETTINGS_MAX_FRAME_SIZE above 2^24-1", code.protocolError, settings([setting.maxFrameSize, 2 ** 24])),
  fatal("6.5", "SETTINGS on a stream", code.protocolError, onStream(type.settings, 1, 6)),
  fatal("6.5", "SETTINGS whose length is not a multiple of 6", code.frameSizeError, onStream(type.settings, 0, 7)),
  fatal("6.5", "SETTINGS with ACK and a payload", code.frameSizeError, frame(type.settings, flag.ack, 0, Buffer.alloc(6))),

  fatal("6.6", "PUSH_PROMISE on the call's stream", code.protocolError, pushPromise(1, 2, request())),
  fatal("6.6", "PUSH_PROMISE on an idle stream", code.protocolError, pushPromise(3, 2, request())),
  fatal("6.6", "PUSH_PROMISE on stream 0", code.protocolError, pushPromise(0, 2, request())),
  fatal("6.6", "PUSH_PROMISE too short for a stream identifier", code.protocolError, onStream(type.pushPromise, 1, 2)),

  fatal("6.7", "PING on a stream", code.protocolError, onStream(type.ping, 1, 8)),
  fatal("6.7", "PING with a length other than 8", code.frameSizeError, onStream(type.ping, 0, 9)),
  accepted("6.7", "unsolicited PING acknowledgements", ping("", flag.ack), ping("no", flag.ack), begin, end),

  fatal("6.8", "GOAWAY on a stream", code.protocolError, onStream(type.goaway, 1, 8)),
  fatal("6.8", "GOAWAY shorter than 8", code.frameSizeError, onStream(type.goaway, 0, 7)),

  fatal("6.9", "WINDOW_UPDATE of 0 for the connection", code.protocolError, windowUpdate(0, 0)),
  fatal("6.9", "WINDOW_UPDATE with a length other than 4", code.frameSizeError, onStream(type.windowUpdate, 0, 5)),
  fatal("6.9.1", "a connection window above 2^31-1", code.flowControlError, windowUpdate(0, most), windowUpdate(0, most)),
  fatal(
    "6.9.2",
    "a SETTINGS_INITIAL_WINDOW_SIZE that raises a stream window above 2^31-1",
    code.flowControlError,
    windowUpdate(1, most - 65_535),
    settings([setting.initialWindowSize, 70_000]),
  ),
  {
    section: "6.9",
    title: "WINDOW_UPDATE of 0 for a stream",
    open: true,
    answer: [windowUpdate(1, 0)],
    expect: streamError(code.protocolError),
  },
  {
    section: "6.9.1",
    title: "a stream window above 2^31-1",
    open: true,
    answer: [windowUpdate(1, most), windowUpdate(1, most)],
    expect: streamError(code.flowControlError),
  },

  accepted(
    "6.10",
    "a header block in four frames",
    headers(1, ok.subarray(0, 2), flag.none),
    continuation(1, ok.subarray(2, 3), flag.none),
    continuation(1, Buffer.alloc(0), flag.none),
    continuation(1, ok.subarray(3)),
    end,
  ),
  fatal("6.10", "CONTINUATION on stream 0", code.protocolError, headers(1, ok, flag.none), continuation(0, ok)),
  fatal("6.10", "CONTINUATION after END_HEADERS", code.protocolError, begin, continuation(1, block([["x", "y"]]))),
  fatal("6.10", "CONTINUATION without HEADERS", code.protocolError, continuation(1, ok)),
  { section: "6.2", title: "a response without a body", answer: [whole], expect: response(200, 0) },
  fatal("6.8", "GOAWAY inside a field block", code.protocolError, headers(1, ok, flag.none), goaway(1, 0)),
];
