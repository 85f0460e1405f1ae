// RFC 9113, section 3: starting HTTP/2.
import { code, preface, setting, settings } from "../raw/frames.ts";
import { type Case, connectionError, send, startsWithSettings } from "./case.ts";

const begin = send(preface, settings([setting.initialWindowSize, 65_535]));

export const starting: readonly Case[] = [
  { section: "3.4", title: "a preface with SETTINGS", bare: true, steps: [begin, startsWithSettings] },
  { section: "3.4", title: "a preface: the server's own begins with SETTINGS", bare: true, steps: [begin, startsWithSettings] },
  {
    section: "3.4",
    title: "an invalid preface",
    bare: true,
    steps: [send(Buffer.from("INVALID CONNECTION PREFACE\r\n\r\n")), connectionError(code.protocolError)],
  },
];
