// The log of a command, on stderr: JSON lines, or something to read if that is a terminal. No caller writes into it what it likes, and no error its metadata.
import { type DestinationStream, type LevelWithSilent, type Logger, pino, stdSerializers, stdTimeFunctions } from "pino";
import { build as pretty } from "pino-pretty";
import { hasColour } from "./colour.ts";
import { printableJson, printableTexts } from "./line.ts";
import { LogStream } from "./log-stream.ts";

/** From quiet to loud. */
export const logLevels = ["silent", "fatal", "error", "warn", "info", "debug", "trace"] as const satisfies LevelWithSilent[];

export type LogLevel = (typeof logLevels)[number];

/** stdout is not for it: that has the command's own answer. */
export function createLogger(level: LogLevel, stream?: DestinationStream): Logger {
  const toTerminal = stream === undefined && process.stderr.isTTY;
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: serializeError },
      hooks: {
        logMethod(args, log) {
          log.apply(this, args.map((arg) => (typeof arg === "string" ? shortened(arg) : arg)) as typeof args);
        },
        streamWrite: toTerminal ? printableTexts : printableJson,
      },
    },
    stream ?? (toTerminal ? terminal() : new LogStream()),
  );
}

/** What a caller sends may be megabytes. */
function shortened(text: string): string {
  return text.length <= maxText ? text : `${text.slice(0, maxText)}… (${text.length} characters)`;
}

const maxText = 2_000;

/** pino would write an error's own properties too. They can hold metadata, and metadata can hold a token. */
function serializeError(error: unknown) {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { type, message, stack } = stdSerializers.err(error);
  return { type, message, stack };
}

function terminal(): DestinationStream {
  return pretty({
    destination: 2,
    colorize: hasColour(process.stderr),
    translateTime: "SYS:HH:MM:ss.l",
    ignore: "topic",
    singleLine: true,
    messageFormat: ({ topic, msg }) => `${topic === undefined ? "" : `[${topic}] `}${String(msg)}`,
  });
}
