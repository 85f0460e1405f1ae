// The metadata of a request in the protocols that carry it under its own names: Connect and gRPC-Web.
import { Metadata } from "@grpc-study/rpc";
import { add, addOrigin } from "../http/headers.ts";
import type { HttpRequest } from "../http/message.ts";
import { isGatewayOnly, isReserved } from "../http/reserved-headers.ts";

/** Headers that nearly all requests have. The set saves time. */
const frequent: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "connect-protocol-version",
  "connect-timeout-ms",
  "connection",
  "content-length",
  "content-type",
  "host",
  "user-agent",
]);

/**
 * Headers of HTTP, of browsers and of the protocols, besides those that `isReserved` names. Own keys of
 * clients, such as `content-tenant`, are not among them.
 */
const notMetadata =
  /^(?:accept(?:-(?:charset|datetime|language|ranges))?|access-control-.*|cache-control|connect-.*|content-(?:digest|disposition|language|location|md5|range)|cookie|expect|http2-settings|if-(?:match|none-match|modified-since|unmodified-since|range)|max-forwards|origin|pragma|priority|range|referer|sec-.*|upgrade-insecure-requests|x-grpc-web|x-user-agent)$/;

/** The characters that gRPC allows in a key. HTTP allows more. */
const legalKey = /^[0-9a-z_.-]+$/;

/**
 * The metadata of a request: all headers that do not belong to HTTP or to the protocol, and the origin
 * of the request.
 *
 * @param forwarded headers that are forwarded although they belong to HTTP, such as `cookie`.
 * @throws RpcError INVALID_ARGUMENT if a value is not valid metadata.
 */
export function transparentMetadata(request: HttpRequest, forwarded: readonly string[]): Metadata {
  const metadata = new Metadata();
  const { headers } = request;
  for (const name in headers) {
    if (frequent.has(name) || isReserved(name) || notMetadata.test(name) || isGatewayOnly(name) || !legalKey.test(name)) continue;
    add(metadata, name, headers[name] ?? "");
  }
  for (const name of forwarded) {
    const value = headers[name];
    if (value !== undefined && !metadata.has(name)) add(metadata, name, value);
  }
  addOrigin(metadata, request);
  return metadata;
}
