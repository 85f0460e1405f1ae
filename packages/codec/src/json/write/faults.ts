// Faults of messages without a JSON form and their paths.
import type { Message } from "@bufbuild/protobuf";
import { Fault, shown } from "../error.ts";

/** Adds the field, list index and map key to a fault that propagates through a message. */
export function inField(thrown: unknown, name: string | undefined, index: number, mapKey: string | undefined): unknown {
  if (!(thrown instanceof Fault) || name === undefined) {
    return thrown;
  }
  const item = index >= 0 ? index : mapKey;
  return (item === undefined ? thrown : thrown.inItem(item)).inField(name);
}

export function foreign(message: Message | undefined, expected: string): never {
  throw new Fault(`${message?.$typeName === undefined ? shown(message) : `a ${message.$typeName}`} is not a ${expected}`);
}

export function missing(): never {
  throw new Fault("a required field is not set");
}
