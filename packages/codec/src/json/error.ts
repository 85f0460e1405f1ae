// Errors between JSON and messages. Their path of proto names grows while a fault propagates
// outwards.

/**
 * Invalid JSON, or a message without a JSON form. The error message is one line and safe to send to
 * the caller: `order_main.order_id: "abc" is not an int32`.
 */
export class JsonError extends Error {
  override readonly name = "JsonError";
  /**
   * The path of the field, in names of the .proto file: `order_main.order_id`, `users[3].user_id`,
   * `scores["ann"]`. `undefined` for the message itself.
   */
  readonly field: string | undefined;

  constructor(reason: string, field?: string) {
    super(field === undefined ? reason : `${field}: ${reason}`);
    this.field = field;
  }
}

/** Thrown for JSON with more elements than `JsonOptions.elementLimit`. */
export class TooManyElementsError extends JsonError {
  constructor(limit: number) {
    super(`the JSON has more than ${limit} elements`);
  }
}

/** The maximum length of a quoted value or name, in UTF-16 code units. */
const longest = 60;

/** The maximum length of a path. Longer paths lose their middle. */
const longestPath = 200;

/**
 * Thrown inside the codec, where only the value is known. It is not an Error, to save the stack
 * trace, and never leaves this directory.
 */
export class Fault {
  readonly reason: string;
  path = "";

  constructor(reason: string) {
    this.reason = reason;
  }

  /** Prepends a field name to the path. */
  inField(name: string): this {
    this.path = this.path === "" || this.path.startsWith("[") ? name + this.path : `${name}.${this.path}`;
    return this;
  }

  /** Prepends a list index or map key to the path. */
  inItem(key: number | string): this {
    const item = typeof key === "number" ? `[${key}]` : `[${JSON.stringify(shortened(key))}]`;
    this.path = this.path === "" || this.path.startsWith("[") ? item + this.path : `${item}.${this.path}`;
    return this;
  }
}

export function shortened(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/** Formats an unknown key for a path. */
export function shownKey(key: string): string {
  return /^[\w.@[\]-]+$/.test(key) ? shortened(key) : JSON.stringify(shortened(key));
}

/** Formats a value for an error message: short, and without the contents of objects. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(shortened(value));
    case "number":
    case "boolean":
    case "bigint":
      return String(value);
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "a list" : "an object";
    default:
      return "nothing";
  }
}

/** Throws a Fault that says the value is not `what`, for example "an int32". */
export function isNot(value: unknown, what: string): never {
  throw new Fault(`${shown(value)} is not ${what}`);
}

/** Converts anything thrown inside the codec to the error for the caller. */
export function jsonError(thrown: unknown): JsonError {
  if (thrown instanceof JsonError) {
    return thrown;
  }
  if (thrown instanceof Fault) {
    const { path } = thrown;
    const short = path.length > longestPath ? `${path.slice(0, longestPath / 2)}…${path.slice(-longestPath / 2)}` : path;
    return new JsonError(thrown.reason, short === "" ? undefined : short);
  }
  if (thrown instanceof RangeError) {
    // Messages are trees. One that overflows the stack has a cycle or is nested absurdly deep.
    return new JsonError("the message is nested too deeply");
  }
  throw thrown;
}
