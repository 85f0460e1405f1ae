import type { DescMessage, DescService } from "@bufbuild/protobuf";
import { isPlainStruct, unwrapped } from "./field.ts";

/**
 * Returns all message types of services and messages: requests, responses and, at any depth, the
 * types of their fields.
 */
export function reachableTypes(roots: readonly (DescService | DescMessage)[]): Set<DescMessage> {
  const types = new Set(
    roots.flatMap((root) => (root.kind === "service" ? root.methods.flatMap(({ input, output }) => [input, output]) : root)),
  );
  // Iteration over a Set includes members that are added on the way.
  for (const type of types) {
    for (const field of type.fields) {
      if (field.message !== undefined && !isPlainStruct(field) && unwrapped(field) === undefined) types.add(field.message);
    }
  }
  return types;
}
