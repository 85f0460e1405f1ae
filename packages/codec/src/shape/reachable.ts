import type { DescMessage, DescService } from "@bufbuild/protobuf";
import { isPlainStruct, unwrapped } from "./field.ts";

/** All message types of services and messages: those of requests, responses and, at any depth, of their fields. */
export function reachableTypes(roots: readonly (DescService | DescMessage)[]): Set<DescMessage> {
  const types = new Set(
    roots.flatMap((root) => (root.kind === "service" ? root.methods.flatMap(({ input, output }) => [input, output]) : root)),
  );
  // A set that grows while it is walked hands out the new members, too.
  for (const type of types) {
    for (const field of type.fields) {
      if (field.message !== undefined && !isPlainStruct(field) && unwrapped(field) === undefined) types.add(field.message);
    }
  }
  return types;
}
