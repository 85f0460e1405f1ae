// Who may call what. This is the one place that says so.
//
//   plaintext, TLS   anybody, everything
//   mutual TLS       whoever has a certificate that the CA signed, everything
//   token            a user with the right token, and of the methods those that the user may call; a user that is taken off the list
//                    is refused from the next call on, and its running calls end
//
// Health may be called by anybody, so that whoever watches the server needs no token. Reflection may not: it shows every method.
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

export function usesTls(security: Security): boolean {
  return security !== "plaintext" && security !== "token";
}

export function usesTokens(security: Security): boolean {
  return security === "token" || security === "token over TLS";
}

/** Who calls, as far as it is known. */
export interface Caller {
  readonly name: string;
  readonly by: "token" | "certificate";
}

/** Under which handlers and the log find the caller. */
export const caller = createContextKey<Caller>("caller");

/** What a listener's calls pass before they reach a handler. */
export function accessControl(security: Security, list: UserList): ServerInterceptor[] {
  if (usesTokens(security)) {
    const verify = byToken(list);
    return [authenticate({ key: caller, verify, except: ["grpc.health.v1.Health"] }), endIfRevoked(list, verify)];
  }
  return security === "mutual TLS" ? [authenticate({ key: caller, verify: byCertificate })] : [];
}

/** Ends a running call, with what a new one would be refused with, once the list has no more the user, the token or the method. */
function endIfRevoked(list: UserList, verify: (call: Context) => Caller): ServerInterceptor {
  return async (call, next) => {
    if (call.values.get(caller) === undefined) return next();
    const { promise: revoked, reject } = Promise.withResolvers<never>();
    const stop = list.onReplace(() => {
      try {
        verify(call);
      } catch (error) {
        reject(error);
      }
    });
    try {
      await Promise.race([next(), revoked]);
    } finally {
      stop();
    }
  };
}

/** The tutorial's `user` and `token` in the metadata. A user or a token that is repeated is nobody's. */
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

/** Compares with every user, whether one has been found or not: the time it takes tells nothing of who exists. */
function find(users: readonly User[], name: string, token: string): User | undefined {
  let found: User | undefined;
  for (const user of users) {
    const sameName = secretEquals(user.user, name);
    const sameToken = secretEquals(user.token, token);
    if (sameName && sameToken) found = user;
  }
  return found;
}

/** Whether a pattern of `User.methods` has a method. */
export function covers(pattern: string, path: string): boolean {
  return pattern === path || (pattern.endsWith("/*") && path.startsWith(pattern.slice(0, -1)));
}

/** The handshake has let nobody else in. */
function byCertificate({ clientCertificate }: Context): Caller {
  if (clientCertificate === undefined) throw new RpcError(Code.UNAUTHENTICATED, "a client certificate is required");
  return { name: clientCertificate.subject, by: "certificate" };
}
