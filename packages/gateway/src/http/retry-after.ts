// When a client may try again, as HTTP says it.
import { Code, type RpcError } from "@grpc-study/rpc";
import { RetryInfoSchema } from "@grpc-study/rpc/error-details";

/** Seconds after which a client may retry when the upstream is down. */
const defaultS = 1;

/**
 * The header `Retry-After` of an error (RFC 9110, section 10.2.3): the delay of its
 * `google.rpc.RetryInfo`, rounded up to a second. Without one, UNAVAILABLE has a second, and other
 * codes have no header.
 */
export function retryAfter(error: RpcError): { readonly "retry-after"?: string } {
  const { code } = error;
  if (code !== Code.UNAVAILABLE && code !== Code.RESOURCE_EXHAUSTED) return {};
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  if (delay === undefined || delay.seconds < 0n) return code === Code.UNAVAILABLE ? { "retry-after": String(defaultS) } : {};
  return { "retry-after": String(delay.seconds + (delay.nanos > 0 ? 1n : 0n)) };
}
