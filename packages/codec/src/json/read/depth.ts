// Limits the nesting of messages in JSON.
import { depthLimit } from "../../shape/depth.ts";
import { Fault } from "../error.ts";

/** @param depth 1 for the outermost message. Well-known types count as well. */
export function checkDepth(depth: number): void {
  if (depth > depthLimit) {
    throw new Fault(`nested more than ${depthLimit} levels deep`);
  }
}
