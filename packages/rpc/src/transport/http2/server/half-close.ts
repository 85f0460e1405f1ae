// Node's http2 client cancels a call with a half-close and a reset about 0.3 milliseconds later, and
// grpc-js and connect-node use it. A server must not take half a stream of requests for a complete one.

import { checkFunction, checkString } from "../../../checks.ts";

/**
 * How long a client on Node's http2 may take to reset a stream after its half-close, in
 * milliseconds.
 */
const resetWithinMs = 5;

/**
 * Returns whether a client with this `user-agent`, which may be empty, cancels with a half-close.
 *
 * @throws TypeError if the argument is not a string.
 */
export function halfClosesBeforeReset(userAgent: string): boolean {
  checkString("the user agent of halfClosesBeforeReset()", userAgent);
  return userAgent === "" || /grpc-node|connect-es/.test(userAgent);
}

/**
 * Calls a function once a reset that belongs to a half-close would have arrived.
 *
 * @throws TypeError if the argument is not a function.
 */
export function afterReset(callback: () => void): void {
  checkFunction("the callback of afterReset()", callback);
  // Then lets the loop read the socket, because on a busy machine a reset may be unread.
  setTimeout(() => setImmediate(() => setImmediate(callback)), resetWithinMs);
}
