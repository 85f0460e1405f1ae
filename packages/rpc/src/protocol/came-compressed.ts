// Records which messages arrived compressed. It is for tests and statistics: the content of a
// message does not depend on it.
import { checkObject } from "../checks.ts";

const messages = new WeakSet<object>();

/**
 * Returns whether a received message arrived compressed: a request in a handler, or a response in a
 * client.
 *
 * @throws TypeError if the value is not an object.
 */
export function wasCompressed(message: object): boolean {
  checkObject("the message of wasCompressed()", message);
  return messages.has(message);
}

export function noteCompressed(message: object): void {
  messages.add(message);
}
