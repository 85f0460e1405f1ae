// Where a gRPC call comes from, and the metadata that tells the upstream.

import type { Metadata } from "@grpc-study/rpc";
import type { ServerStream } from "@grpc-study/rpc/transport";
import { Proxies, type TrustProxy } from "../adapters/proxies.ts";
import type { RequestInfo } from "../hooks.ts";
import type { HttpRequest } from "../http/message.ts";
import { isRequestId } from "../http/request-id.ts";
import { isGatewayOnly } from "../http/reserved-headers.ts";

/** The origin of a call, as far as the proxies are trusted. */
export interface Origin {
  /** Addresses: first the client's, then those of proxies, and last the peer of the connection. */
  readonly addresses: readonly string[];
  /** The host that the client named. Empty without one. */
  readonly host: string;
  readonly scheme: "http" | "https";
}

/**
 * Returns the origin of a call.
 *
 * @param metadata the metadata of the caller.
 * @throws RpcError to reject the call, for example for a host that is not allowed.
 */
export type OriginOf = (caller: Caller, metadata: Metadata) => Origin;

/** What the origin of a call depends on. */
type Caller = Pick<ServerStream, "peer" | "authority" | "secure">;

/** What a guard sees of a call, in the form of an HTTP request. */
export type GuardedRequest = Pick<HttpRequest, "method" | "headers" | "host">;

/**
 * Creates a function that returns the origins of calls.
 *
 * @param guard rejects calls. It throws an RpcError.
 * @throws TypeError for a `trustProxy` that is not valid.
 */
export function originsOf(trustProxy: TrustProxy | undefined, guard: (request: GuardedRequest) => void): OriginOf {
  const proxies = trustProxy === undefined || trustProxy === false ? undefined : new Proxies(trustProxy);
  // The last host that the guard has accepted. Calls repeat their host.
  let accepted: string | undefined;
  return (caller, metadata) => {
    const origin = proxies === undefined ? directOrigin(caller) : proxiedOrigin(caller, metadata, proxies);
    const { authority } = caller;
    const ofPage = metadata.has("origin") || metadata.has("sec-fetch-site");
    if (ofPage || authority !== accepted) {
      const headers = { host: authority, origin: listOf(metadata, "origin"), "sec-fetch-site": listOf(metadata, "sec-fetch-site") };
      guard({ method: "POST", headers, host: origin.host });
      if (!ofPage) accepted = authority;
    }
    return origin;
  };
}

/** The origin of a call if no proxy is trusted. */
function directOrigin({ peer, authority, secure }: Caller): Origin {
  return { addresses: [addressOf(peer)], host: authority, scheme: secure ? "https" : "http" };
}

function proxiedOrigin({ peer, authority, secure }: Caller, metadata: Metadata, proxies: Proxies): Origin {
  const address = addressOf(peer);
  const headers = {
    host: authority,
    "x-forwarded-for": listOf(metadata, "x-forwarded-for"),
    "x-forwarded-host": listOf(metadata, "x-forwarded-host"),
    "x-forwarded-proto": listOf(metadata, "x-forwarded-proto"),
  };
  return {
    addresses: proxies.addresses(address, headers),
    host: proxies.host(address, headers),
    scheme: proxies.scheme(address, headers, secure),
  };
}

function listOf(metadata: Metadata, key: TextKey): string | undefined {
  const values = metadata.getAll(key);
  return values.length === 0 ? undefined : values.join(", ");
}

type TextKey = "origin" | "sec-fetch-site" | "x-forwarded-for" | "x-forwarded-host" | "x-forwarded-proto";

/** What hooks see of a call, except its id. */
export function requestInfo(path: string, metadata: Metadata, authority: string, origin: Origin): Omit<RequestInfo, "requestId"> {
  const headers: Record<string, string> = {};
  for (const [key, value] of metadata) {
    const text = typeof value === "string" ? value : value.toString("base64");
    headers[key] = headers[key] === undefined ? text : `${headers[key]}, ${text}`;
  }
  return { ...origin, method: "POST", path, query: "", headers: { ...headers, host: authority }, version: 2 };
}

/** The address of a peer without its port and brackets. A Unix domain socket has none. */
function addressOf(peer: string): string {
  const colon = peer.lastIndexOf(":");
  if (colon < 0 || peer.startsWith("unix:")) return "unknown";
  return peer.charCodeAt(0) === 0x5b ? peer.slice(1, colon - 1) : peer.slice(0, colon);
}

/**
 * Headers of one connection or of the HTTP message. All others are metadata, as they are for a server
 * without a proxy: no browser sends gRPC.
 */
const ofConnection = /^(?:proxy-.*|trailer|host|content-encoding)$/;

/**
 * Turns the metadata of a caller into that of the upstream's call: removes what belongs to the
 * connection and what only the gateway sets, and adds the origin.
 *
 * @returns the caller's `x-request-id`, which is kept, or undefined if it has no valid one.
 */
export function prepareMetadata(metadata: Metadata, { addresses, host, scheme }: Origin): string | undefined {
  const ids = metadata.getAll("x-request-id");
  const [id] = ids;
  const requestId = ids.length === 1 && isRequestId(id) ? id : undefined;
  for (const key of metadata.keys()) if (isDropped(key)) metadata.delete(key);
  // The values are those of received headers, so they are legal.
  metadata.receive("x-forwarded-for", addresses.length === 1 ? (addresses[0] ?? "") : addresses.join(", "));
  metadata.receive("x-forwarded-host", host);
  metadata.receive("x-forwarded-proto", scheme);
  if (requestId !== undefined) metadata.receive("x-request-id", requestId);
  return requestId;
}

/** Whether a key is dropped. Calls repeat their keys. */
const dropped = new Map<string, boolean>();
/** The maximum number of cached keys, because callers may use any number of them. */
const maxKeys = 1_000;

function isDropped(key: string): boolean {
  let rule = dropped.get(key);
  if (rule === undefined) {
    rule = isGatewayOnly(key) || ofConnection.test(key);
    if (dropped.size >= maxKeys) dropped.clear();
    dropped.set(key, rule);
  }
  return rule;
}
