import type { DescMethod } from "@bufbuild/protobuf";

/** The full name of a method as it stands in the `:path` of a request: `/package.Service/Method`. */
export function methodPath(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}
