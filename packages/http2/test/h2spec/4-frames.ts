// RFC 9113, section 4: HTTP frames.
import { code, continuation, data, flag, frame, headers, ping, priority, setting, type } from "../raw/frames.ts";
import { ballast, type Case, connectionError, eitherError, get, pong, post, responseHeaders, send, sendBy } from "./case.ts";

const eight = Buffer.alloc(8);
const maxFrameSize = (settings: ReadonlyMap<number, number>) => settings.get(setting.maxFrameSize) ?? 0;

export const frames: readonly Case[] = [
  {
    section: "4.1",
    title: "a frame of an unknown type",
    steps: [send(frame(0x16, flag.none, 0, eight), ping("after")), pong("after")],
  },
  { section: "4.1", title: "a frame with undefined flags", steps: [send(frame(type.ping, 0x16, 0, eight)), pong("")] },
  { section: "4.1", title: "a frame with the reserved bit", steps: [send(frame(type.ping, 0x16, 0x8000_0000, eight)), pong("")] },
  {
    section: "4.2",
    title: "a DATA frame of SETTINGS_MAX_FRAME_SIZE",
    steps: [
      send(headers(1, post, flag.endHeaders)),
      sendBy((settings) => data(1, Buffer.alloc(maxFrameSize(settings)), flag.endStream)),
      responseHeaders(1),
    ],
  },
  {
    section: "4.2",
    title: "a DATA frame above SETTINGS_MAX_FRAME_SIZE",
    steps: [
      send(headers(1, post, flag.endHeaders)),
      sendBy((settings) => data(1, Buffer.alloc(maxFrameSize(settings) + 1), flag.endStream)),
      eitherError(1, code.frameSizeError),
    ],
  },
  {
    section: "4.2",
    title: "a HEADERS frame above SETTINGS_MAX_FRAME_SIZE",
    steps: [
      sendBy((settings) => headers(1, Buffer.concat([get, ballast(Math.ceil(maxFrameSize(settings) / 4_000))]))),
      connectionError(code.frameSizeError),
    ],
  },
  {
    section: "4.3",
    title: "a field block that ends in the middle of a field",
    steps: [send(headers(1, Buffer.of(0x40))), connectionError(code.compressionError)],
  },
  {
    section: "4.3",
    title: "a PRIORITY frame inside a field block",
    steps: [send(headers(1, get, flag.none), priority(1, 0), continuation(1, ballast(1))), connectionError(code.protocolError)],
  },
  {
    section: "4.3",
    title: "HEADERS of another stream inside a field block",
    steps: [send(headers(1, get, flag.none), headers(3, get), continuation(1, ballast(1))), connectionError(code.protocolError)],
  },
];
