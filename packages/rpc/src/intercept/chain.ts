// Runs interceptors, for servers and for clients. An interceptor runs around a call, and `next()`
// runs the next interceptor or the call itself.
import type { DescMethod } from "@bufbuild/protobuf";
import { shown } from "../checks.ts";
import { isIterable } from "../iterable.ts";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import { hasRequestStream, hasResponseStream } from "../protocol/method.ts";
import { Answer, isInner } from "./messages.ts";
import type { AnyChange, AnyResponse, MaybePromise } from "./types.ts";

/**
 * Thrown if an interceptor breaks a rule. The fault is on this side, and the message names the
 * interceptor and the rule.
 */
export class InterceptorFault extends RpcError {
  constructor(message: string) {
    super(Code.INTERNAL, message);
  }
}

/** A call, as one of its interceptors sees it. */
export interface View {
  readonly method: DescMethod;
}

type Next = (change?: AnyChange) => MaybePromise<AnyResponse>;

/** The interceptors of a call, of which there is at least one, and the call itself. */
export interface Chain<Call extends View> {
  readonly interceptors: { readonly all: readonly ((call: never, next: never) => unknown)[] };
  innermost(call: Call): MaybePromise<AnyResponse>;
  /** Returns the same call with another request, as the following interceptors see it. */
  change(call: Call, change: AnyChange): Call;
  /** Whether `next()` always returns a promise, and rejects instead of throwing. */
  readonly promises: boolean;
  /** What `next()` has returned last. An interceptor that returns it needs no check. */
  given: MaybePromise<AnyResponse> | undefined;
}

/**
 * Runs the innermost call inside the interceptors, the first one outermost. It creates no promise of
 * its own around an interceptor that returns what `next()` has given.
 *
 * An interceptor may ignore what `next()` gives: a promise for it is `ignorable`, wherever it is made.
 *
 * @throws what an interceptor throws, or an InterceptorFault if one returns no response.
 */
export function intercept<Call extends View>(chain: Chain<Call>, call: Call, index: number): MaybePromise<AnyResponse> {
  const interceptor = chain.interceptors.all[index] as (call: Call, next: Next) => unknown;
  const result = interceptor(call, (change) => next(chain, call, index, change));
  return result !== undefined && result === chain.given ? chain.given : outcome(chain, call, index, result);
}

function next<Call extends View>(chain: Chain<Call>, call: Call, index: number, change: AnyChange | undefined): MaybePromise<AnyResponse> {
  chain.given = chain.promises ? promised(chain, call, index, change) : rest(chain, call, index, change);
  return chain.given;
}

/** Runs what is inside of an interceptor. */
function rest<Call extends View>(chain: Chain<Call>, call: Call, index: number, change: AnyChange | undefined): MaybePromise<AnyResponse> {
  const following = change === undefined ? call : changed(chain, call, index, change);
  return index + 1 === chain.interceptors.all.length ? chain.innermost(following) : intercept(chain, following, index + 1);
}

/** The same as a promise, without another one around a promise. */
function promised<Call extends View>(chain: Chain<Call>, call: Call, index: number, change: AnyChange | undefined): Promise<AnyResponse> {
  try {
    const response = rest(chain, call, index, change);
    return isPromise(response) ? response : Promise.resolve(response);
  } catch (error) {
    return ignorable(Promise.reject(error));
  }
}

/** Returns the promise. Its rejection does not end the process if nothing waits for it. */
export function ignorable<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** Handles what an interceptor returns of its own. */
function outcome<Call extends View>(chain: Chain<Call>, call: Call, index: number, result: unknown): MaybePromise<AnyResponse> {
  if (!isPromise(result)) return checked(chain, call, index, result);
  const response = result.then((value) => checked(chain, call, index, value));
  return index === 0 ? response : ignorable(response);
}

/**
 * Checks what an interceptor returns. Its messages may be incomplete: an interceptor outside of it
 * gets complete ones.
 */
function checked<Call extends View>(chain: Chain<Call>, call: Call, index: number, response: unknown): AnyResponse {
  if (isInner(response)) return response;
  const { message, messages } = (typeof response === "object" && response !== null ? response : {}) as AnyResponse;
  if (!hasResponseStream(call.method)) {
    if (typeof message === "object" && message !== null) {
      return index === 0 ? (response as AnyResponse) : new Answer(call.method.output, response as AnyResponse);
    }
    throw new InterceptorFault(`${nameOf(chain, index)} must return a response { message }, got ${describe(response)}`);
  }
  if (isIterable(messages)) {
    return index === 0 ? (response as AnyResponse) : new Answer(call.method.output, response as AnyResponse);
  }
  throw new InterceptorFault(`${nameOf(chain, index)} must return a response { messages } with an iterable, got ${describe(response)}`);
}

function changed<Call extends View>(chain: Chain<Call>, call: Call, index: number, change: AnyChange): Call {
  const one = !hasRequestStream(call.method);
  const wrong =
    typeof change !== "object" || change === null
      ? [describe(change)]
      : Object.keys(change).filter((name) => name !== (one ? "request" : "requests"));
  if (wrong[0] !== undefined) {
    throw new InterceptorFault(
      `${nameOf(chain, index)} must pass { ${one ? "request" : "requests"} } or nothing to next(), got ${wrong[0]}`,
    );
  }
  if (!one && change.requests !== undefined && !isIterable(change.requests)) {
    throw new InterceptorFault(`${nameOf(chain, index)} must pass an iterable as the requests of next(), got ${describe(change.requests)}`);
  }
  if (one && change.request !== undefined && (typeof change.request !== "object" || change.request === null)) {
    throw new InterceptorFault(`${nameOf(chain, index)} must pass a message as the request of next(), got ${describe(change.request)}`);
  }
  return chain.change(call, change);
}

function describe(value: unknown): string {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? `an object with ${list(Object.keys(value))}` : shown(value);
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "no members" : names.slice(0, 4).join(", ");
}

/** For example `interceptor 2 of 3 ("logging")`. */
function nameOf<Call extends View>({ interceptors: { all } }: Chain<Call>, index: number): string {
  const name = all[index]?.name;
  return `interceptor ${index + 1} of ${all.length}${name ? ` ("${name}")` : ""}`;
}

export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as PromiseLike<T> | undefined | null)?.then === "function";
}

/** Thrown if a stream of requests is read a second time. */
export function readTwice(path: string): InterceptorFault {
  return new InterceptorFault(
    `the requests of ${path} have been read already: to call next() again, keep them and pass them as next({ requests })`,
  );
}
