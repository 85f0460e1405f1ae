// The log of a command, on stderr: JSON lines, or pretty-printed lines on a terminal. Text is
// escaped and truncated, and errors are logged without their metadata.
import { createRequire } from "node:module";
import { type DestinationStream, type LevelWithSilent, type Logger, pino, stdSerializers, stdTimeFunctions } from "pino";
import { hasColour } from "./colour.ts";
import { printableJson, printableTexts } from "./line.ts";
import { LogStream } from "./log-stream.ts";

/** Ordered from quiet to verbose. */
export const logLevels = ["silent", "fatal", "error", "warn", "info", "debug", "trace"] as const satisfies LevelWithSilent[];

export type LogLevel = (typeof logLevels)[number];

/**
 * Creates a logger. Default destination: stderr, because stdout carries the command's output.
 *
 * @param fields returns fields of each line, such as the ids of the active trace.
 */
export function createLogger(level: LogLevel, stream?: DestinationStream, fields?: () => object): Logger {
  const toTerminal = stream === undefined && process.stderr.isTTY;
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: serializeError },
      ...(fields && { mixin: () => fields() }),
      hooks: {
        logMethod(args, log) {
          log.apply(this, args.map((arg) => (typeof arg === "string" ? truncated(arg) : arg)) as typeof args);
        },
        streamWrite: toTerminal ? printableTexts : printableJson,
      },
    },
    stream ?? (toTerminal ? terminal() : new LogStream()),
  );
}

/** A peer can send megabytes of text. */
function truncated(text: string): string {
  return text.length <= maxText ? text : `${text.slice(0, maxText)}… (${text.length} characters)`;
}

/** In UTF-16 code units. */
const maxText = 2_000;

/**
 * Drops an error's own properties, which pino would log: they can hold metadata, such as a token.
 */
function serializeError(error: unknown) {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { type, message, stack } = stdSerializers.err(error);
  return { type, message, stack };
}

function terminal(): DestinationStream {
  // Loaded only for a terminal.
  const { build: pretty }: typeof import("pino-pretty") = createRequire(import.meta.url)("pino-pretty");
  return pretty({
    destination: 2,
    colorize: hasColour(process.stderr),
    translateTime: "SYS:HH:MM:ss.l",
    ignore: "topic",
    singleLine: true,
    messageFormat: ({ topic, msg }) => `${topic === undefined ? "" : `[${topic}] `}${String(msg)}`,
  });
}
