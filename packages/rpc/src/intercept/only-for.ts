// Interceptors that do not run around every call: those for one method, and those that are off.
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { checkFunction, wrongType } from "../checks.ts";
import { methodPath } from "../protocol/method.ts";

/** What the interceptors of servers and of clients have in common. */
interface Selective {
  readonly prepare?: (service: DescService) => void;
  readonly only?: DescMethod;
  readonly enabled?: () => boolean;
}

/** Returns an interceptor like the one given that names its method. */
export function onlyFor(where: string, method: DescMethod, interceptor: Selective & ((call: never, next: never) => unknown)): Selective {
  if (method?.kind !== "rpc") throw wrongType(`the method of ${where}`, "a method of a service", method);
  checkFunction(`the interceptor of ${where}`, interceptor);
  const named = { [interceptor.name || method.localName]: (call: never, next: never) => interceptor(call, next) };
  const wrapped = named[interceptor.name || method.localName] as () => unknown;
  const { prepare, enabled } = interceptor;
  return Object.assign(wrapped, { only: method, ...(prepare && { prepare }), ...(enabled && { enabled }) });
}

/** Prepares the interceptors that run around calls of a service. */
export function prepareAll(interceptors: readonly Selective[], service: DescService): void {
  for (const { prepare, only } of interceptors) {
    if (only === undefined || only.parent.typeName === service.typeName) prepare?.(service);
  }
}

/** The interceptors that run around the calls of a method. */
export function interceptorsOf<I extends Selective>(interceptors: readonly I[], method: DescMethod): readonly I[] {
  const path = methodPath(method);
  return interceptors.filter(({ only }) => only === undefined || methodPath(only) === path);
}

/**
 * The interceptors that run around one call: those that are not off now.
 *
 * @throws what `enabled` of an interceptor throws.
 */
export function enabledOf<I extends Selective>(interceptors: readonly I[]): readonly I[] {
  let enabled: I[] | undefined;
  let index = 0;
  for (const interceptor of interceptors) {
    if (interceptor.enabled?.() === false) enabled ??= interceptors.slice(0, index);
    else enabled?.push(interceptor);
    index++;
  }
  return enabled ?? interceptors;
}
