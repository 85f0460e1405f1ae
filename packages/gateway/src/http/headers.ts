// Headers of HTTP and metadata of gRPC, each as the other's.
import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { Code, Metadata, RpcError } from "@grpc-study/rpc";
import { parseTimeout } from "@grpc-study/rpc/timeout";
import { quote } from "../fields/invalid-field.ts";
import type { HeaderRules } from "./header-rules.ts";
import { isGatewayOnly, isReserved } from "./reserved-headers.ts";

const prefix = "grpc-metadata-";

/** Forwarded under their own names, besides those that the options name. */
const forwarded = ["authorization", "traceparent", "tracestate", "baggage", "last-event-id"];

/** Where a request comes from, as far as its proxies are trusted (Fastify's `trustProxy`). */
export interface Caller {
  readonly headers: IncomingHttpHeaders;
  /** Addresses: the client's, then those of trusted proxies, the one of the connection last. */
  readonly addresses: readonly string[];
  readonly host: string;
  readonly protocol: string;
  readonly requestId: string;
  /** The value of `authorization` for clients that cannot set the header. */
  readonly authorization: string | undefined;
}

/** The metadata of a request. @throws RpcError INVALID_ARGUMENT if a header cannot be metadata. */
export function requestMetadata(
  { headers, addresses, host, protocol, requestId, authorization }: Caller,
  more: readonly string[],
): Metadata {
  const metadata = new Metadata();
  for (const name of forwarded) forward(metadata, headers, name);
  for (const name of more) forward(metadata, headers, name);
  if (headers.authorization === undefined && authorization !== undefined) add(metadata, "authorization", authorization);
  for (const name in headers) {
    if (!name.startsWith(prefix)) continue;
    const key = name.slice(prefix.length);
    const value = headers[name];
    if (key === "" || isReserved(key) || isGatewayOnly(key) || typeof value !== "string") continue;
    add(metadata, key, value);
  }
  add(metadata, "x-forwarded-for", addresses.join(", "));
  add(metadata, "x-forwarded-host", host);
  add(metadata, "x-forwarded-proto", protocol);
  add(metadata, "x-request-id", requestId);
  return metadata;
}

function forward(metadata: Metadata, headers: IncomingHttpHeaders, name: string): void {
  const value = headers[name];
  if (typeof value === "string") add(metadata, name, value);
}

/** What gRPC allows in a key; HTTP allows more. */
const legalKey = /^[0-9a-z_.-]+$/;

function add(metadata: Metadata, key: string, value: string): void {
  try {
    if (!key.endsWith("-bin")) metadata.add(key, value);
    else for (const one of value.split(",")) metadata.add(key, bytesOf(one.trim()));
  } catch {
    const isText = !key.endsWith("-bin");
    if (!isText && legalKey.test(key)) throw new RpcError(Code.INVALID_ARGUMENT, `the header ${key} is not base64: ${quote(value)}`);
    const message = legalKey.test(key)
      ? `the header ${key} is not printable ASCII: ${quote(value)}`
      : `${quote(key)} is no key of metadata`;
    throw new RpcError(Code.INVALID_ARGUMENT, message);
  }
}

/** With padding or without (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). Node skips what is not base64. */
function bytesOf(base64: string): Buffer {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.replace(/=+$/, "").length % 4 === 1) throw new TypeError("not base64");
  return Buffer.from(base64, "base64");
}

const requestId = Symbol("request id");
type Identified = (IncomingMessage | Http2ServerRequest) & { [requestId]?: string };

/** The caller's own id of its request, if it has a plain one, or a new one: the same whenever it is asked for. */
export function requestIdOf(request: Identified): string {
  request[requestId] ??= plainId(request.headers) ?? randomUUID();
  return request[requestId];
}

function plainId({ "x-request-id": id }: IncomingHttpHeaders): string | undefined {
  return typeof id === "string" && /^[\x21-\x7e]{1,128}$/.test(id) ? id : undefined;
}

/** Response metadata as headers: `Grpc-Metadata-…` for the header, `Grpc-Trailer-…` for the trailer, and some by their own names. */
export function responseHeaders(
  metadata: Metadata | undefined,
  prefix: "grpc-metadata-" | "grpc-trailer-",
  { plain, status }: HeaderRules,
): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  if (metadata === undefined) return headers;
  for (const key of metadata.keys()) {
    if (isReserved(key) || key === status) continue;
    const values = key.endsWith("-bin") ? metadata.getAllBytes(key).map((value) => value.toString("base64")) : [...metadata.getAll(key)];
    // The one header that is no list (RFC 9110, section 5.3).
    if (plain.has(key)) headers[key] = key === "set-cookie" ? values : values.join(", ");
    else headers[prefix + key] = values.join(", ");
  }
  return headers;
}

/** The HTTP status of a success that metadata ask for; undefined if they do not, or not for one from 200 to 399. */
export function metadataStatus(metadata: Metadata, { status }: HeaderRules): number | undefined {
  if (status === undefined) return undefined;
  const code = metadata.getAll(status).at(-1);
  return code !== undefined && /^[23]\d\d$/.test(code) ? Number(code) : undefined;
}

/** `Grpc-Timeout`, in milliseconds. @throws RpcError INVALID_ARGUMENT */
export function timeoutOf({ "grpc-timeout": timeout }: IncomingHttpHeaders): number | undefined {
  if (timeout === undefined) return undefined;
  const ms = parseTimeout(String(timeout));
  if (ms === undefined) throw new RpcError(Code.INVALID_ARGUMENT, `the header grpc-timeout is no timeout: ${quote(String(timeout))}`);
  return ms;
}
