// @grpc-study/rpc/current-call: the context of the call that runs. To import this file is enough for
// servers to record it.
import { checkFunction } from "../checks.ts";
import type { Context } from "../server/context.ts";
import { outerCall, outside, useCurrentCall } from "./current.ts";

useCurrentCall();

/**
 * Returns the context of the call that the server is running: anywhere below its interceptors and
 * its handler, after any `await` and in each step of a response stream. Also returns it in what the
 * handler has started and left running. Undefined outside of a call, and inside `detached()`.
 *
 * @example
 * const log = (message: string) => console.log(currentCall()?.metadata.get("x-request-id"), message);
 */
export function currentCall(): Context | undefined {
  return outerCall()?.context;
}

/**
 * Runs a function outside of any call, and returns its result. The calls that it makes inherit
 * nothing, so they may outlive the call that has started them. Background work needs it, and so does
 * work that several calls share.
 *
 * @example
 * detached(() => audit.write({ event }, { timeoutMs: 5_000 })).catch(console.error);
 *
 * @throws TypeError if the argument is not a function, and what the function throws.
 */
export function detached<T>(run: () => T): T {
  checkFunction("the function of detached()", run);
  return outside(run);
}
