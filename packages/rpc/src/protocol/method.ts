import type { DescMethod } from "@bufbuild/protobuf";
import { wrongType } from "../checks.ts";

/** The full name of a method as it stands in the `:path` of a request: `/package.Service/Method`. */
export function methodPath(method: DescMethod): string {
  if (method?.kind !== "rpc") throw wrongType("the method of methodPath()", "the descriptor of a method", method);
  return `/${method.parent.typeName}/${method.name}`;
}
