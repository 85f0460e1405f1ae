import { Code, detail, RpcError } from "@grpc-study/rpc";
import { RetryInfoSchema } from "@grpc-study/rpc/error-details";

/** Milliseconds after which a client may try again. */
const retryAfterMs = 1000;

/** The error for a call whose server behind the service does not work: UNAVAILABLE with RetryInfo. */
export function unavailable(message: string, cause: unknown): RpcError {
  return new RpcError(Code.UNAVAILABLE, message, {
    details: [detail(RetryInfoSchema, { retryDelay: { seconds: BigInt(retryAfterMs / 1000) } })],
    retryAfterMs,
    cause,
  });
}
