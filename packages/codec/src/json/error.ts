// What goes wrong between JSON and messages, and where: a path of proto names that grows while a fault passes from the inside out.

/** JSON that is no such message, or a message that has no JSON. The message is one line, made for the caller: `order_main.order_id: "abc" is not an int32`. */
export class JsonError extends Error {
  override readonly name = "JsonError";
  /** The field at fault, as a path of the names in the .proto: `order_main.order_id`, `users[3].user_id`, `scores["ann"]`. Undefined for the message itself. */
  readonly field: string | undefined;

  constructor(reason: string, field?: string) {
    super(field === undefined ? reason : `${field}: ${reason}`);
    this.field = field;
  }
}

/** JSON that would take more memory than it may: see `JsonOptions.elementLimit`. */
export class TooManyElementsError extends JsonError {
  constructor(limit: number) {
    super(`the JSON has more than ${limit} elements`);
  }
}

/** The longest value or name that an error repeats, in UTF-16 code units. */
const longest = 60;

/** The longest path; what is deeper loses its middle. */
const longestPath = 200;

/** Thrown inside the codec, where only the value is known. Not an Error: it needs no stack, and never leaves this directory. */
export class Fault {
  readonly reason: string;
  path = "";

  constructor(reason: string) {
    this.reason = reason;
  }

  /** The same fault, seen from the message that has the field. */
  inField(name: string): this {
    this.path = this.path === "" || this.path.startsWith("[") ? name + this.path : `${name}.${this.path}`;
    return this;
  }

  /** The same fault, seen from the list or the map. */
  inItem(key: number | string): this {
    const item = typeof key === "number" ? `[${key}]` : `[${JSON.stringify(shortened(key))}]`;
    this.path = this.path === "" || this.path.startsWith("[") ? item + this.path : `${item}.${this.path}`;
    return this;
  }
}

export function shortened(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/** A key that is no field's name, as a path shows it. */
export function shownKey(key: string): string {
  return /^[\w.@[\]-]+$/.test(key) ? shortened(key) : JSON.stringify(shortened(key));
}

/** A value as an error shows it: short, and without the inside of objects. */
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

/** Throws that the value is not `what`, such as "an int32". */
export function isNot(value: unknown, what: string): never {
  throw new Fault(`${shown(value)} is not ${what}`);
}

/** What the caller sees of anything thrown inside the codec. */
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
    // Messages are trees; one that runs out of stack has a cycle or is absurdly deep.
    return new JsonError("the message is nested too deeply");
  }
  throw thrown;
}
