// Per-RPC credentials: metadata that identifies the client with every call.
import { checkBoolean, checkFunction } from "../checks.ts";
import { outerCall } from "../propagation/current.ts";
import { dropInherited } from "../propagation/inherit.ts";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import { type Metadata, type MetadataInit, toMetadata } from "../protocol/metadata.ts";
import type { ClientInterceptor } from "./context.ts";

/** Supplies credentials for each call, like Go's `credentials.PerRPCCredentials`. */
export interface PerRpcCredentials {
  /**
   * Returns the metadata for a call. It is called once for each call, and may fetch or refresh a
   * token. If it throws an RpcError, the call fails with that error. Any other error fails the call
   * with UNAUTHENTICATED. A key that the call has inherited is replaced.
   * @param uri the URI of the service, as the audience of a token:
   * `https://shop.example:9093/package.Service`. Its host is the `:authority` of the call, without
   * port 443.
   * @param signal aborts when the call ends before the metadata is ready.
   */
  getRequestMetadata(uri: string, signal: AbortSignal): MetadataInit | Promise<MetadataInit>;
  /**
   * Whether the credentials require TLS. If true, a call over plaintext fails with UNAUTHENTICATED
   * before it sends anything.
   */
  readonly requireTransportSecurity: boolean;
}

/** @throws TypeError also for a misspelt `requireTransportSecurity`, which would leak tokens. */
export function checkCredentials(name: string, value: unknown): void {
  const { getRequestMetadata, requireTransportSecurity } = (value ?? {}) as Partial<PerRpcCredentials>;
  checkFunction(`${name}.getRequestMetadata`, getRequestMetadata);
  checkBoolean(`${name}.requireTransportSecurity`, requireTransportSecurity);
}

/**
 * Returns an interceptor that adds credentials to each call. Unlike the call credentials of
 * grpc-js, it also works on plaintext channels, unless the credentials require transport security.
 */
export function perRpcCredentials(credentials: PerRpcCredentials): ClientInterceptor {
  /** The credentials of the attempt before, by the metadata of the call that they were added to. */
  const added = new WeakMap<Metadata, Metadata>();
  return async (call, next) => {
    const outer = outerCall()?.metadata;
    if (credentials.requireTransportSecurity && !call.channel.secure) {
      throw new RpcError(Code.UNAUTHENTICATED, `the credentials require TLS, and the channel to ${call.channel.target} is plaintext`);
    }
    // Like Go and C-core, omits the default port of HTTPS.
    const uri = `https://${call.authority.replace(/:443$/, "")}/${call.method.parent.typeName}`;
    let init: MetadataInit;
    try {
      init = await credentials.getRequestMetadata(uri, call.signal);
    } catch (cause) {
      if (cause instanceof RpcError) throw cause;
      throw new RpcError(Code.UNAUTHENTICATED, "cannot get credentials for this call", { cause });
    }
    const fresh = toMetadata(init);
    for (const key of added.get(call.metadata)?.keys() ?? []) call.metadata.delete(key);
    if (outer !== undefined) for (const key of fresh.keys()) dropInherited(call.metadata, outer, key);
    added.set(call.metadata, fresh);
    call.metadata.merge(fresh);
    return next();
  };
}
