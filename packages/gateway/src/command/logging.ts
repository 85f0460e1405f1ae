// The command's log, on stderr: JSON lines, or something to read if that is a terminal.
import { type DestinationStream, type LevelWithSilent, type Logger, pino, stdTimeFunctions } from "pino";
import { build as pretty } from "pino-pretty";
import { LogStream } from "./log-stream.ts";

/** From quiet to loud. */
export const logLevels = ["silent", "fatal", "error", "warn", "info", "debug", "trace"] as const satisfies LevelWithSilent[];

export type LogLevel = (typeof logLevels)[number];

/** stdout is not for it: that has the command's own answer. */
export function createLogger(level: LogLevel): Logger {
  const stream: DestinationStream = process.stderr.isTTY
    ? pretty({ destination: 2, colorize: process.stderr.hasColors(), translateTime: "SYS:HH:MM:ss.l", singleLine: true })
    : new LogStream();
  return pino({ level, base: null, timestamp: stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } }, stream);
}
