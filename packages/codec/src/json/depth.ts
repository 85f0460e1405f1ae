// How deep messages may be within each other in JSON.
import { Fault } from "./error.ts";

/** As protobuf-es and protobuf's other implementations: every message counts, well-known types too. */
export const depthLimit = 100;

/** `depth` is 1 for the outermost message. */
export function checkDepth(depth: number): void {
  if (depth > depthLimit) {
    throw new Fault(`nested more than ${depthLimit} levels deep`);
  }
}
