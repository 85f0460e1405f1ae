// Why a call ends with the call of the server in whose handler it was made.
import { Code } from "../protocol/code.ts";
import { ofMethod, RpcError } from "../protocol/error.ts";
import type { OuterCall } from "./outer-call.ts";

/** The message of the reason of a call that has ended with OK. */
export const callEnded = "the call has ended";

/**
 * Returns the error of a call whose outer call has ended. Its cause is the reason of the outer call.
 *
 * @param path the path of the method that the inner call has called.
 * @param began whether the inner call had begun before.
 */
export function outerEnded(path: string, { path: outer, stop }: OuterCall, began: boolean): RpcError {
  const cause = stop === undefined ? {} : { cause: stop };
  if (stop?.code === Code.DEADLINE_EXCEEDED) {
    const what = began ? "which made the call, did not end in time" : "which made the call, has no time left";
    return ofMethod(path, new RpcError(Code.DEADLINE_EXCEEDED, `deadline exceeded: ${outer}, ${what}`, cause));
  }
  const what = began ? "was cancelled" : "was not sent";
  const why = stop === undefined || stop.message === callEnded ? "" : ` (${Code[stop.code]}: ${stop.message})`;
  const hint = stop?.message === callEnded ? "; detached() runs what may outlive a call" : "";
  return ofMethod(path, new RpcError(Code.CANCELLED, `the call ${what}: ${outer}, which made it, has ended${why}${hint}`, cause));
}
