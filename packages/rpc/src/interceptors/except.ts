// The option `except`: services and methods to which an interceptor does not apply.
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { checkArray, outOfRange, wrongType } from "../checks.ts";
import { methodPath } from "../protocol/method.ts";

/**
 * A service or a method: its descriptor, the full name of a service (`grpc.health.v1.Health`), or the
 * path of a method (`/package.Service/Method`).
 */
export type ServiceOrMethod = DescService | DescMethod | string;

/**
 * Returns whether a list has a method, or its service.
 *
 * @param name the name of the option, for messages.
 * @throws TypeError or RangeError for a list with anything else.
 */
export function listed(name: string, list: unknown): (method: DescMethod) => boolean {
  const names = new Set(checkArray(name, list).map((one, index) => nameOf(`${name}[${index}]`, one)));
  if (names.size === 0) return () => false;
  return (method) => names.has(method.parent.typeName) || names.has(methodPath(method));
}

function nameOf(name: string, value: unknown): string {
  const one = value as DescService | DescMethod | string | undefined | null;
  if (typeof one === "string") {
    if (/^([\w.]+|\/[\w.]+\/\w+)$/.test(one)) return one;
    throw outOfRange(name, "the full name of a service, or the path of a method", one);
  }
  if (one?.kind === "service") return one.typeName;
  if (one?.kind === "rpc") return methodPath(one);
  throw wrongType(name, "the descriptor or the full name of a service or of a method", value);
}
