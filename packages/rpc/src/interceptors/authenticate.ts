// Authentication on the server: an interceptor that identifies the caller or rejects the call.
import { createHash, timingSafeEqual } from "node:crypto";
import { checkFunction, checkObject, checkOptionNames, type Names } from "../checks.ts";
import { type ContextKey, checkKey } from "../context-values.ts";
import type { Context, ServerInterceptor } from "../server/context.ts";
import { listed, type ServiceOrMethod } from "./except.ts";

/** Options of `authenticate()`. */
export interface AuthenticateOptions<Identity> {
  /**
   * Returns the identity of the caller, based on `metadata`, `clientCertificate` or `peer`. To
   * reject the call, it throws an RpcError: UNAUTHENTICATED for an unknown caller,
   * PERMISSION_DENIED for one that may not call `method`.
   */
  readonly verify: (call: Context) => Identity | Promise<Identity>;
  /** The key under which handlers read the identity: `context.values.get(key)`. */
  readonly key: ContextKey<Identity>;
  /**
   * Services and methods that need no authentication, for example `grpc.health.v1.Health`. Default:
   * none.
   */
  readonly except?: readonly ServiceOrMethod[] | undefined;
}

const names: Names<AuthenticateOptions<unknown>> = { verify: true, key: true, except: true };

/**
 * Returns an interceptor that authenticates calls of all four kinds. It runs when the header
 * arrives, before any request message is read.
 *
 * @throws TypeError if an option is unknown or invalid.
 */
export function authenticate<Identity>(options: AuthenticateOptions<Identity>): ServerInterceptor {
  checkOptionNames("authenticate()", checkObject("the options of authenticate()", options), names);
  const { verify, key, except = [] } = options;
  checkFunction("verify", verify);
  checkKey("key", key);
  const open = listed("except", except);
  return async (call, next) => {
    if (!open(call.method)) call.values.set(key, await verify(call));
    return next();
  };
}

/**
 * Compares two secrets. The time that this takes reveals neither where they differ nor how long
 * they are.
 *
 * @throws TypeError if an argument is not a string.
 */
export function secretEquals(a: string, b: string): boolean {
  // The message omits the value, which is a secret.
  for (const [name, value] of Object.entries({ a, b })) {
    if (typeof value !== "string") throw new TypeError(`${name} of secretEquals() must be a string, got a value of type ${typeof value}`);
  }
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
