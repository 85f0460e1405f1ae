// How deep messages may be nested in JSON.
import { depthLimit } from "../../shape/depth.ts";
import { Fault } from "../error.ts";

/** @param depth 1 for the outermost message. Every message counts, well-known types too. */
export function checkDepth(depth: number): void {
  if (depth > depthLimit) {
    throw new Fault(`nested more than ${depthLimit} levels deep`);
  }
}
