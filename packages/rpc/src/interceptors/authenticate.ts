// Authentication on the server: an interceptor that lets a call through, with the caller's identity, or ends it with a status.
import { createHash, timingSafeEqual } from "node:crypto";
import { checkArray, checkFunction, checkObject, checkOptionNames, checkString, type Names } from "../checks.ts";
import type { Context, ServerInterceptor } from "../server/context.ts";
import { type ContextKey, checkKey } from "../server/values.ts";

export interface AuthenticateOptions<Identity> {
  /**
   * Says who the caller is, by `metadata`, `clientCertificate` or `peer`, and whether it may call `method`. Throws an RpcError otherwise:
   * UNAUTHENTICATED if the caller is not known, PERMISSION_DENIED if it is, but may not.
   */
  readonly verify: (call: Context) => Identity | Promise<Identity>;
  /** Under which handlers find the identity: `context.values.get(key)`. */
  readonly key: ContextKey<Identity>;
  /** The full names of services that anybody may call, for example `grpc.health.v1.Health`. Default: none. */
  readonly except?: readonly string[] | undefined;
}

const names: Names<AuthenticateOptions<unknown>> = { verify: true, key: true, except: true };

/** Runs when the header has come, before anything of a request is read, for all four call kinds. */
export function authenticate<Identity>(options: AuthenticateOptions<Identity>): ServerInterceptor {
  checkOptionNames("authenticate()", checkObject("the options of authenticate()", options), names);
  const { verify, key, except = [] } = options;
  checkFunction("verify", verify);
  checkKey("key", key);
  for (const [index, name] of checkArray("except", except).entries()) checkString(`except[${index}]`, name);
  return async (call, next) => {
    if (!except.includes(call.method.parent.typeName)) call.values.set(key, await verify(call));
    await next();
  };
}

/** Whether two secrets are the same, in a time that tells nothing of where they differ, or how long they are. */
export function secretEquals(a: string, b: string): boolean {
  // Without the value: it is a secret.
  for (const [name, value] of Object.entries({ a, b })) {
    if (typeof value !== "string") throw new TypeError(`${name} of secretEquals() must be a string, got a value of type ${typeof value}`);
  }
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
