// @grpc-study/rpc/current-call: the context of the call that runs. To import this file is enough for
// servers to record it.
import type { Context } from "../server/context.ts";
import { outerCall, useCurrentCall } from "./current.ts";

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
