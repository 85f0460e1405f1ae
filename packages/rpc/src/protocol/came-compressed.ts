// Which messages came compressed. What a message means does not depend on it: it is for tests and statistics.
import { checkObject } from "../checks.ts";

const messages = new WeakSet<object>();

/** Whether a message that was received came compressed: a request that a handler was given, or a response. */
export function wasCompressed(message: object): boolean {
  checkObject("the message of wasCompressed()", message);
  return messages.has(message);
}

export function noteCompressed(message: object): void {
  messages.add(message);
}
