// RFC 9113, section 6.5: SETTINGS.
import { code, flag, frame, headers, ping, setting, settings, type } from "../raw/frames.ts";
import { type Case, connectionError, dataOf, get, pong, send, settingsAcked } from "./case.ts";

export const settingsCases: readonly Case[] = [
  {
    section: "6.5",
    title: "every setting",
    steps: [
      send(
        settings(
          [setting.headerTableSize, 4_096],
          [setting.enablePush, 1],
          [setting.maxConcurrentStreams, 100],
          [setting.initialWindowSize, 65_535],
          [setting.maxFrameSize, 16_384],
          [setting.maxHeaderListSize, 100],
        ),
      ),
      settingsAcked,
    ],
  },
  {
    section: "6.5",
    title: "SETTINGS with ACK and a payload",
    steps: [send(frame(type.settings, flag.ack, 0, Buffer.of(0))), connectionError(code.frameSizeError)],
  },
  {
    section: "6.5",
    title: "SETTINGS on a stream",
    steps: [send(frame(type.settings, flag.none, 1, Buffer.of(0, 3, 0, 0, 0, 100))), connectionError(code.protocolError)],
  },
  {
    section: "6.5",
    title: "SETTINGS whose length is not a multiple of 6",
    steps: [send(frame(type.settings, flag.none, 0, Buffer.of(0, 3, 0))), connectionError(code.frameSizeError)],
  },
  {
    section: "6.5.2",
    title: "SETTINGS_ENABLE_PUSH above 1",
    steps: [send(settings([setting.enablePush, 2])), connectionError(code.protocolError)],
  },
  {
    section: "6.5.2",
    title: "SETTINGS_INITIAL_WINDOW_SIZE above 2^31-1",
    steps: [send(settings([setting.initialWindowSize, 2 ** 31])), connectionError(code.flowControlError)],
  },
  {
    section: "6.5.2",
    title: "SETTINGS_MAX_FRAME_SIZE below 2^14",
    steps: [send(settings([setting.maxFrameSize, 2 ** 14 - 1])), connectionError(code.protocolError)],
  },
  {
    section: "6.5.2",
    title: "SETTINGS_MAX_FRAME_SIZE above 2^24-1",
    steps: [send(settings([setting.maxFrameSize, 2 ** 24])), connectionError(code.protocolError)],
  },
  { section: "6.5.2", title: "an unknown setting", steps: [send(settings([0xff, 1]), ping("after")), pong("after")] },
  {
    section: "6.5.3",
    title: "a repeated setting, whose last value counts",
    steps: [
      send(settings([setting.initialWindowSize, 100], [setting.initialWindowSize, 1])),
      settingsAcked,
      send(headers(1, get)),
      dataOf(1, 1),
    ],
  },
  { section: "6.5.3", title: "SETTINGS: the acknowledgement", steps: [send(settings([setting.enablePush, 0])), settingsAcked] },
];
