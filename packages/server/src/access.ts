// Access control: who may call which methods. This is the only place that decides it.
//
//   plaintext, TLS   every caller may call every method
//   mutual TLS       a client with a certificate that the CA signed may call every method
//   token            a user with the right token may call the methods that the list of users names.
//                    When a user is removed from the list, running calls end and new ones fail.
//
// Health needs no token, so that monitoring can call it. Reflection needs one: it shows every
// method.
import {
  authenticate,
  Code,
  type Context,
  createContextKey,
  methodPath,
  RpcError,
  type ServerInterceptor,
  secretEquals,
} from "@grpc-study/rpc";
import type { User, UserList } from "./user-list.ts";

/** How a listener is protected. */
export type Security = (typeof securities)[number];

export const securities = ["plaintext", "TLS", "mutual TLS", "token", "token over TLS"] as const;

export function usesTls(security: string): boolean {
  return security === "TLS" || security === "mutual TLS" || security === "token over TLS";
}

export function usesTokens(security: Security): boolean {
  return security === "token" || security === "token over TLS";
}

/** The authenticated caller. */
export interface Caller {
  readonly name: string;
  readonly by: "token" | "certificate";
}

/** The key under which handlers and the log find the caller. */
export const caller = createContextKey<Caller>("caller");

/** The interceptors that check a call before it reaches a handler. */
export function accessControl(security: Security, list: UserList): ServerInterceptor[] {
  if (usesTokens(security)) {
    const verify = byToken(list);
    return [authenticate({ key: caller, verify, except: ["grpc.health.v1.Health"] }), endIfRevoked(list, verify)];
  }
  return security === "mutual TLS" ? [authenticate({ key: caller, verify: byCertificate })] : [];
}

/**
 * Ends a running call once the list no longer allows it. The call ends with the error that a new
 * call would fail with.
 */
function endIfRevoked(list: UserList, verify: (call: Context) => Caller): ServerInterceptor {
  return (call, next) => {
    if (call.values.get(caller) === undefined) return next();
    const stop = list.onReplace(() => {
      try {
        verify(call);
      } catch (error) {
        call.abort(RpcError.from(error));
      }
    });
    call.onEnd(stop);
    return next();
  };
}

/**
 * Reads the tutorial's `user` and `token` from the metadata. A repeated `user` or `token` is
 * invalid.
 */
function byToken(list: UserList) {
  return ({ metadata, method }: Context): Caller => {
    const [token, ...others] = metadata.getAll("token");
    const [name = "", ...names] = metadata.getAll("user");
    if (token === undefined) throw new RpcError(Code.UNAUTHENTICATED, "未传输Token");
    const user = find(list.users, name, token);
    if (user === undefined || others.length > 0 || names.length > 0) throw new RpcError(Code.UNAUTHENTICATED, "Token 不正确");
    const path = methodPath(method);
    if (user.methods && !user.methods.some((pattern) => covers(pattern, path))) {
      throw new RpcError(Code.PERMISSION_DENIED, `${user.user} may not call ${path}`);
    }
    return { name: user.user, by: "token" };
  };
}

/** Compares with every user, so that the time it takes does not reveal which users exist. */
function find(users: readonly User[], name: string, token: string): User | undefined {
  let found: User | undefined;
  for (const user of users) {
    const sameName = secretEquals(user.user, name);
    const sameToken = secretEquals(user.token, token);
    if (sameName && sameToken) found = user;
  }
  return found;
}

/** Returns `true` if a pattern of `User.methods` covers a method. */
export function covers(pattern: string, path: string): boolean {
  return pattern === path || (pattern.endsWith("/*") && path.startsWith(pattern.slice(0, -1)));
}

/** The TLS handshake has already verified the certificate. */
function byCertificate({ clientCertificate }: Context): Caller {
  if (clientCertificate === undefined) throw new RpcError(Code.UNAUTHENTICATED, "a client certificate is required");
  return { name: clientCertificate.subject, by: "certificate" };
}
