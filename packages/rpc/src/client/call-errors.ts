// Errors that the client creates, rather than the server.
import { Code } from "../protocol/code.ts";
import { ofMethod, RpcError } from "../protocol/error.ts";
import { MetadataError } from "../protocol/metadata.ts";
import type { BoundMethod } from "./bound-method.ts";
import type { CancelSignal } from "./options.ts";

/** @param what how the call missed its deadline, for example `did not end within 60 ms`. */
export function deadlineExceeded({ path }: BoundMethod, what: string, cause: unknown = new Error("deadline exceeded")): RpcError {
  return ofMethod(path, new RpcError(Code.DEADLINE_EXCEEDED, `deadline exceeded: ${path} ${what}`, { cause }));
}

export function cancelled({ path }: BoundMethod, cause?: unknown): RpcError {
  return ofMethod(path, new RpcError(Code.CANCELLED, "the call was cancelled", cause === undefined ? {} : { cause }));
}

export function unwritable({ path, descriptor }: BoundMethod, cause: unknown): RpcError {
  const problem = cause instanceof Error ? cause.message : String(cause);
  return ofMethod(path, new RpcError(Code.INVALID_ARGUMENT, `cannot write ${descriptor.input.typeName}: ${problem}`, { cause }));
}

export function unreadable({ path, descriptor }: BoundMethod, cause: unknown): RpcError {
  return ofMethod(path, new RpcError(Code.INTERNAL, `cannot parse the response as ${descriptor.output.typeName}`, { cause }));
}

/** @param what the server sent instead of one response. */
export function wrongCount({ path }: BoundMethod, what: string): RpcError {
  return ofMethod(path, new RpcError(Code.UNIMPLEMENTED, `the server sent ${what}`));
}

/** Turns a MetadataError into INVALID_ARGUMENT. Returns any other error unchanged. */
export function unsendable({ path }: BoundMethod, thrown: unknown): unknown {
  if (!(thrown instanceof MetadataError)) return thrown;
  return ofMethod(path, new RpcError(Code.INVALID_ARGUMENT, thrown.message, { cause: thrown }));
}

/**
 * Turns the reason of an aborted signal into an error. Returns an RpcError unchanged: a handler's
 * signal aborts with one.
 */
export function reasonOf({ reason }: CancelSignal, method: BoundMethod): RpcError {
  if (reason instanceof RpcError) return reason;
  return (reason as Error | undefined)?.name === "TimeoutError"
    ? deadlineExceeded(method, "was aborted by the timeout of its signal", reason)
    : cancelled(method, reason);
}
