// Headers that neither clients nor upstreams can set.

/**
 * Headers of HTTP itself, of the connection, or of the gRPC protocol. They are neither forwarded
 * nor returned.
 */
const reserved =
  /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|content-length|content-type|content-encoding|date|user-agent|accept-encoding|grpc-.*|:.*)$/;

/**
 * Whether the header belongs to HTTP, the connection or gRPC.
 *
 * @param name in lower case.
 */
export function isReserved(name: string): boolean {
  return reserved.test(name);
}

/**
 * Headers that the gateway vouches for: the origin of a request, its proxies, its id. Upstreams
 * trust them, so a client cannot set them, neither as `Grpc-Metadata-*` nor through
 * `forwardHeaders`. `_` counts as `-`, because some servers treat both alike.
 */
const gatewayOnly =
  /^(?:forwarded|via|x-forwarded(?:-.*)?|x-request-id|x-real-ip|x-client-ip|x-cluster-client-ip|x-original-.*|x-envoy-.*|true-client-ip|cf-connecting-ip|fastly-client-ip)$/;

/**
 * Whether only the gateway may set a metadata key.
 *
 * @param key in lower case.
 */
export function isGatewayOnly(key: string): boolean {
  return gatewayOnly.test(key.replaceAll("_", "-"));
}
