// Converts HTTP headers to gRPC metadata, and back.
import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { Code, Metadata, RpcError } from "@grpc-study/rpc";
import { parseTimeout } from "@grpc-study/rpc/timeout";
import { quote } from "../fields/invalid-field.ts";
import type { HeaderRules } from "./header-rules.ts";
import { isGatewayOnly, isReserved } from "./reserved-headers.ts";

const prefix = "grpc-metadata-";

/** Headers that are always forwarded under their own names. */
const forwarded = ["authorization", "traceparent", "tracestate", "baggage", "last-event-id"];

/** The origin of a request, as far as the proxies are trusted (Fastify's `trustProxy`). */
export interface RequestSource {
  readonly headers: IncomingHttpHeaders;
  /**
   * Addresses: first the client's, then those of trusted proxies, and last the peer of the
   * connection.
   */
  readonly addresses: readonly string[];
  readonly host: string;
  readonly protocol: string;
  readonly requestId: string;
  /** The `authorization` value of a client that cannot set the header. */
  readonly authorization: string | undefined;
}

/**
 * The metadata of a request.
 *
 * @throws RpcError INVALID_ARGUMENT if a header is not valid metadata.
 */
export function requestMetadata(
  { headers, addresses, host, protocol, requestId, authorization }: RequestSource,
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

/** The characters that gRPC allows in a key. HTTP allows more. */
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
      : `${quote(key)} is not a metadata key`;
    throw new RpcError(Code.INVALID_ARGUMENT, message);
  }
}

/**
 * Decodes base64, with or without padding
 * (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). Node's decoder skips invalid
 * characters.
 */
function bytesOf(base64: string): Buffer {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.replace(/=+$/, "").length % 4 === 1) throw new TypeError("not base64");
  return Buffer.from(base64, "base64");
}

const requestId = Symbol("request id");
type Identified = (IncomingMessage | Http2ServerRequest) & { [requestId]?: string };

/** The request's `x-request-id` if it is valid, or a generated one. Each request has one id. */
export function requestIdOf(request: Identified): string {
  request[requestId] ??= plainId(request.headers) ?? randomUUID();
  return request[requestId];
}

function plainId({ "x-request-id": id }: IncomingHttpHeaders): string | undefined {
  return typeof id === "string" && /^[\x21-\x7e]{1,128}$/.test(id) ? id : undefined;
}

/**
 * Response metadata as headers: `Grpc-Metadata-*` for the header, `Grpc-Trailer-*` for the trailer,
 * and `responseHeaders` under their own names.
 */
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
    // `set-cookie` cannot be combined into a list (RFC 9110, section 5.3).
    if (plain.has(key)) headers[key] = key === "set-cookie" ? values : values.join(", ");
    else headers[prefix + key] = values.join(", ");
  }
  return headers;
}

/** The HTTP status that metadata sets. Returns `undefined` without one from 200 to 399. */
export function metadataStatus(metadata: Metadata, { status }: HeaderRules): number | undefined {
  if (status === undefined) return undefined;
  const code = metadata.getAll(status).at(-1);
  return code !== undefined && /^[23]\d\d$/.test(code) ? Number(code) : undefined;
}

/**
 * The value of `Grpc-Timeout` in milliseconds.
 *
 * @throws RpcError INVALID_ARGUMENT if it is malformed.
 */
export function timeoutOf({ "grpc-timeout": timeout }: IncomingHttpHeaders): number | undefined {
  if (timeout === undefined) return undefined;
  const ms = parseTimeout(String(timeout));
  if (ms === undefined) throw new RpcError(Code.INVALID_ARGUMENT, `the header grpc-timeout is malformed: ${quote(String(timeout))}`);
  return ms;
}
