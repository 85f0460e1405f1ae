// Work that does not belong to the call that has started it.
import { checkFunction } from "../checks.ts";
import { outside } from "./current.ts";

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
