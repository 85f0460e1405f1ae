// The parts of which the schema of the configuration consists. `$comment` marks the texts that
// `convert` replaces: durations, and paths of files.

/** Durations as the command line accepts them: `parseDuration` of @grpc-study/command. */
const durationPattern = "^(?:\\d+(?:\\.\\d+)?(?:ms|s|m|h))+$";

const durationOf = <Comment extends string>(description: string, comment: Comment) =>
  ({ type: ["string", "integer"], description, $comment: comment, pattern: durationPattern, minimum: 0 }) as const;

/** A duration: `500ms`, `1.5s`, `1m30s`, or a number of milliseconds. */
export const duration = (description: string) => durationOf(description, "duration");

export const durationOrZero = (description: string) => durationOf(description, "duration or 0");

export const text = (description: string) => ({ type: "string", description, pattern: "\\S" }) as const;

/** The path of a file, relative to the folder of the configuration. */
export const file = (description: string) => ({ ...text(description), $comment: "file" }) as const;

/** The path of a file in PEM format, or its content. */
export const pem = (description: string) => ({ ...text(description), $comment: "pem" }) as const;

export const flag = (description: string) => ({ type: "boolean", description }) as const;

/** Node's limits are signed 32-bit integers. */
export const count = (description: string) => ({ type: "integer", description, minimum: 1, maximum: 2_147_483_647 }) as const;

/** One text, or several. */
export const strings = (description: string) =>
  ({ type: ["string", "array"], description, pattern: "\\S", items: { type: "string", pattern: "\\S" } }) as const;

const host = "(?:\\[[\\da-fA-F:.]+\\]|[\\w.-]+)";
const port = "(?:\\d{1,4}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])";

/** An IPv6 address stands in brackets. The port is 0 to 65535. Or the path of a Unix socket. */
export const listenPattern = `^unix:.|^${host}:${port}$`;

const adminPattern = `^unix:.|^(?:${host}:)?${port}$`;

export const hostAndPort = (description: string) => ({ type: "string", description, pattern: listenPattern }) as const;

/** The port alone means localhost. */
export const portOrAddress = (description: string) =>
  ({ type: ["string", "integer"], description, pattern: adminPattern, minimum: 0, maximum: 65_535 }) as const;

export const protocols = ["rest", "connect", "grpc-web", "grpc"] as const;

export type Protocol = (typeof protocols)[number];

/** A path that starts with a slash, or `false`. `true` is the default path. */
export const path = (description: string) => ({ type: ["string", "boolean"], description, pattern: "^/[^?#]*[^?#/]$" }) as const;

export const object = <const Properties extends object>(description: string, properties: Properties) =>
  ({ type: "object", description, additionalProperties: false, properties }) as const;

/** What a text must be, by its pattern, for messages. */
export const patternTexts: Readonly<Record<string, string>> = {
  [durationPattern]: "a duration such as 500ms, 1s or 2m, or a number of milliseconds",
  [`^off$|${durationPattern}`]: "a duration such as 30s or 1m, or off",
  [`^unlimited$|${durationPattern}`]: "a duration such as 500ms, 1s or 2m, or unlimited",
  [text("").pattern]: "a text that is not empty",
  [listenPattern]: "host:port, such as localhost:8080 or [::1]:8080, or unix:/path",
  [adminPattern]: "a port, host:port, or unix:/path",
  [path("").pattern]: "a path such as /healthz, or false",
};
