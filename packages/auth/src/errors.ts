// The statuses of rejected calls. Their messages are for the caller, so they do not say what a valid
// credential looks like. The cause stays in the process: an interceptor further out can log it.
import { Code, detail, RpcError } from "@grpc-study/rpc";
import { ErrorInfoSchema } from "@grpc-study/rpc/error-details";

/** The domain of `google.rpc.ErrorInfo`. It identifies this package. */
const domain = "auth.grpc-study";

export type Reason =
  | "CREDENTIALS_MISSING"
  | "CREDENTIALS_AMBIGUOUS"
  | "TOKEN_INVALID"
  | "TOKEN_EXPIRED"
  | "KEY_INVALID"
  | "KEY_EXPIRED"
  | "SCOPE_MISSING"
  | "KEYS_UNAVAILABLE";

function rejected(code: Code, reason: Reason, message: string, cause?: unknown, metadata: Record<string, string> = {}): RpcError {
  const details = [detail(ErrorInfoSchema, { reason, domain, metadata })];
  return new RpcError(code, message, { details, ...(cause === undefined ? {} : { cause }) });
}

export function unauthenticated(reason: Reason, message: string, cause?: unknown): RpcError {
  return rejected(Code.UNAUTHENTICATED, reason, message, cause);
}

/** @param scopes what is missing; undefined if it is not a scope. */
export function permissionDenied(message: string, scopes?: readonly string[]): RpcError {
  return rejected(Code.PERMISSION_DENIED, "SCOPE_MISSING", message, undefined, scopes && { scopes: scopes.join(" ") });
}

export function keysUnavailable(cause: unknown): RpcError {
  return rejected(Code.UNAVAILABLE, "KEYS_UNAVAILABLE", "tokens cannot be verified at the moment", cause);
}
