import type { DescMethod } from "@bufbuild/protobuf";
import { wrongType } from "../checks.ts";

/**
 * Returns the full name of a method, as in the `:path` of a request: `/package.Service/Method`.
 *
 * @throws TypeError if the value is not a method descriptor.
 */
export function methodPath(method: DescMethod): string {
  if (method?.kind !== "rpc") throw wrongType("the method of methodPath()", "the descriptor of a method", method);
  return `/${method.parent.typeName}/${method.name}`;
}

/** The kind of a method. */
interface Kind {
  readonly methodKind: string;
}

export function hasRequestStream({ methodKind }: Kind): boolean {
  return methodKind === "client_streaming" || methodKind === "bidi_streaming";
}

export function hasResponseStream({ methodKind }: Kind): boolean {
  return methodKind === "server_streaming" || methodKind === "bidi_streaming";
}
