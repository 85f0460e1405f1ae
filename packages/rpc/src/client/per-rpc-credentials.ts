// Per-RPC credentials: what a client says of itself with every call.

import { checkBoolean, checkFunction } from "../checks.ts";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import { type MetadataInit, toMetadata } from "../protocol/metadata.ts";
import type { ClientInterceptor } from "./context.ts";

/** Go's `credentials.PerRPCCredentials`, with its two questions. */
export interface PerRpcCredentials {
  /**
   * The metadata for a call. Asked for each; may fetch or refresh a token. What it throws ends the call: an RpcError as it is, anything
   * else with UNAUTHENTICATED.
   * @param uri the service's, which tokens are made for: `https://shop.example:9093/package.Service`. Its host is the `:authority` of the call, without the
   * port 443.
   * @param signal aborts when the call does not wait any longer.
   */
  getRequestMetadata(uri: string, signal: AbortSignal): MetadataInit | Promise<MetadataInit>;
  /** Whether the metadata may go over TLS only. If so, a call over plaintext fails with UNAUTHENTICATED before a byte is sent. */
  readonly requireTransportSecurity: boolean;
}

/** @throws TypeError. A misspelt `requireTransportSecurity` must not send tokens in plaintext. */
export function checkCredentials(name: string, value: unknown): void {
  const { getRequestMetadata, requireTransportSecurity } = (value ?? {}) as Partial<PerRpcCredentials>;
  checkFunction(`${name}.getRequestMetadata`, getRequestMetadata);
  checkBoolean(`${name}.requireTransportSecurity`, requireTransportSecurity);
}

/**
 * Adds the credentials to each call. Works on plaintext channels too, where grpc-js's own call credentials do not; in Go's words, if
 * transport security is not required.
 */
export function perRpcCredentials(credentials: PerRpcCredentials): ClientInterceptor {
  return async (call, next) => {
    if (credentials.requireTransportSecurity && !call.channel.secure) {
      throw new RpcError(
        Code.UNAUTHENTICATED,
        `the credentials may go over TLS only, and the channel to ${call.channel.target} is plaintext`,
      );
    }
    // As in Go and C-core, without the port of HTTPS.
    const uri = `https://${call.authority.replace(/:443$/, "")}/${call.method.parent.typeName}`;
    let init: MetadataInit;
    try {
      init = await credentials.getRequestMetadata(uri, call.signal);
    } catch (cause) {
      if (cause instanceof RpcError) throw cause;
      throw new RpcError(Code.UNAUTHENTICATED, "there are no credentials for this call", { cause });
    }
    call.metadata.merge(toMetadata(init));
    await next();
  };
}
