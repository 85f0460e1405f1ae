// Headers that no client and no upstream sets.

/** What is HTTP's own, of a connection or of gRPC's protocol: nobody sets it from outside, and it is not shown. */
const reserved =
  /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|content-length|content-type|content-encoding|date|user-agent|accept-encoding|grpc-.*|:.*)$/;

/** Whether a name belongs to the connection, or to gRPC. @param name in lower case. */
export function isReserved(name: string): boolean {
  return reserved.test(name);
}

/**
 * What the gateway vouches for: the origin of a request, the proxies on its way, its id. A client cannot set these, neither as `Grpc-Metadata-*` nor
 * through `forwardHeaders`, since an upstream trusts them. `_` counts as `-`: some servers make no difference.
 */
const gatewayOnly =
  /^(?:forwarded|via|x-forwarded(?:-.*)?|x-request-id|x-real-ip|x-client-ip|x-cluster-client-ip|x-original-.*|x-envoy-.*|true-client-ip|cf-connecting-ip|fastly-client-ip)$/;

/** Whether only the gateway sets a metadata key. @param key in lower case. */
export function isGatewayOnly(key: string): boolean {
  return gatewayOnly.test(key.replaceAll("_", "-"));
}
