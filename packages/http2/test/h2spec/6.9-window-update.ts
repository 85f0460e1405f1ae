// RFC 9113, section 6.9: WINDOW_UPDATE and flow control.
import { code, flag, frame, headers, ping, setting, settings, type, windowUpdate } from "../raw/frames.ts";
import { type Case, connectionError, dataOf, get, pong, responseHeaders, send, settingsAcked, streamError } from "./case.ts";

const window = (size: number) => settings([setting.initialWindowSize, size]);
const most = 2 ** 31 - 1;

export const windowUpdateCases: readonly Case[] = [
  { section: "6.9", title: "WINDOW_UPDATE of the connection", steps: [send(windowUpdate(0, 1), ping("after")), pong("after")] },
  { section: "6.9", title: "WINDOW_UPDATE of a stream", steps: [send(headers(1, get), windowUpdate(1, 1)), responseHeaders(1)] },
  {
    section: "6.9",
    title: "an increment of 0 for the connection",
    steps: [send(windowUpdate(0, 0)), connectionError(code.protocolError)],
  },
  {
    section: "6.9",
    title: "an increment of 0 for a stream",
    steps: [send(headers(1, get, flag.endHeaders), windowUpdate(1, 0)), streamError(1, code.protocolError)],
  },
  {
    section: "6.9",
    title: "WINDOW_UPDATE with a length other than 4",
    steps: [send(frame(type.windowUpdate, flag.none, 0, Buffer.of(0, 0, 1))), connectionError(code.frameSizeError)],
  },
  {
    section: "6.9.1",
    title: "a window of 1 byte, then a request",
    steps: [send(window(1)), settingsAcked, send(headers(1, get)), dataOf(1, 1)],
  },
  {
    section: "6.9.1",
    title: "a connection window above 2^31-1",
    steps: [send(windowUpdate(0, most), windowUpdate(0, most)), connectionError(code.flowControlError)],
  },
  {
    section: "6.9.1",
    title: "a stream window above 2^31-1",
    steps: [send(headers(1, get, flag.endHeaders), windowUpdate(1, most), windowUpdate(1, most)), streamError(1, code.flowControlError)],
  },
  {
    section: "6.9.2",
    title: "a larger SETTINGS_INITIAL_WINDOW_SIZE after the request",
    steps: [send(window(0)), settingsAcked, send(headers(1, get), window(1)), dataOf(1, 1)],
  },
  {
    section: "6.9.2",
    title: "a SETTINGS_INITIAL_WINDOW_SIZE that makes a window negative",
    steps: [
      send(window(3)),
      settingsAcked,
      send(headers(1, get)),
      dataOf(1, 3),
      send(window(2)),
      settingsAcked,
      send(windowUpdate(1, 2)),
      dataOf(1, 1),
    ],
  },
  {
    section: "6.9.2",
    title: "a SETTINGS_INITIAL_WINDOW_SIZE above 2^31-1",
    steps: [send(window(2 ** 31)), connectionError(code.flowControlError)],
  },
];
