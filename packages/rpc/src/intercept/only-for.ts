// Interceptors that do not run around every call: those for one method, and those that are off.
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { checkFunction, checkFunctions, optional, wrongType } from "../checks.ts";
import { methodPath } from "../protocol/method.ts";

/** What the interceptors of servers and of clients have in common. */
interface Selective {
  readonly prepare?: (service: DescService, before: never) => void;
  readonly only?: DescMethod;
  readonly enabled?: () => boolean;
}

interface Prepared<I> {
  readonly prepare?: (service: DescService, before: readonly I[]) => void;
  readonly only?: DescMethod;
}

const AsyncFunction = (async () => {}).constructor;
/** The interceptors for one method that are async functions. */
const asyncOnes = new WeakSet<object>();

/** Returns an interceptor like the one given that names its method. */
export function onlyFor(where: string, method: DescMethod, interceptor: Selective & ((call: never, next: never) => unknown)): Selective {
  if (method?.kind !== "rpc") throw wrongType(`the method of ${where}`, "a method of a service", method);
  checkFunction(`the interceptor of ${where}`, interceptor);
  const named = { [interceptor.name || method.localName]: (call: never, next: never) => interceptor(call, next) };
  const wrapped = named[interceptor.name || method.localName] as () => unknown;
  if (interceptor instanceof AsyncFunction) asyncOnes.add(wrapped);
  const { prepare, enabled } = interceptor;
  return Object.assign(wrapped, { only: method, ...(prepare && { prepare }), ...(enabled && { enabled }) });
}

/** @throws TypeError if the value is not an array of interceptors. */
export function checkInterceptors(name: string, value: unknown): void {
  checkFunctions(name, value);
  for (const [index, interceptor] of (value as readonly Record<string, unknown>[]).entries()) {
    for (const member of ["prepare", "enabled", "unknown"]) optional(checkFunction, `${name}[${index}].${member}`, interceptor[member]);
  }
}

/** Prepares the interceptors that run around calls of a service. */
export function prepareAll<I extends Prepared<I>>(interceptors: readonly I[], service: DescService): void {
  for (const [index, { prepare, only }] of interceptors.entries()) {
    if (only === undefined || only.parent.typeName === service.typeName) prepare?.(service, interceptors.slice(0, index));
  }
}

/** The interceptors of a list that run around the calls of a method. */
export function interceptorsOf<I extends Selective>(interceptors: readonly I[], method: DescMethod): readonly I[] {
  const path = methodPath(method);
  return interceptors.filter(({ only }) => only === undefined || methodPath(only) === path);
}

/** The interceptors around the calls of a method, the first one outermost. */
export class Interceptors<I extends Selective> {
  readonly all: readonly I[];
  /** Whether one of them is an async function: it awaits a promise faster than a NextResponse. */
  readonly awaits: boolean;
  /** Whether one of them may be off. */
  readonly #mayBeOff: boolean;
  /** Those that ran around the last call with one that was off. */
  #last: Interceptors<I> | undefined;

  constructor(all: readonly I[]) {
    this.all = all;
    this.awaits = all.some((interceptor) => interceptor instanceof AsyncFunction || asyncOnes.has(interceptor));
    this.#mayBeOff = all.some(({ enabled }) => enabled !== undefined);
  }

  /**
   * Those that run around one call: the ones that are not off now.
   *
   * @throws what `enabled` of an interceptor throws.
   */
  enabled(): Interceptors<I> {
    if (!this.#mayBeOff) return this;
    let enabled: I[] | undefined;
    let index = 0;
    for (const interceptor of this.all) {
      if (interceptor.enabled?.() === false) enabled ??= this.all.slice(0, index);
      else enabled?.push(interceptor);
      index++;
    }
    if (enabled === undefined) return this;
    const last = this.#last;
    if (last?.all.length === enabled.length && last.all.every((interceptor, i) => interceptor === enabled[i])) return last;
    this.#last = new Interceptors(enabled);
    return this.#last;
  }
}
