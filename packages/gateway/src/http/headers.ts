// Converts HTTP headers to gRPC metadata, and back.
import { Code, Metadata, RpcError } from "@grpc-study/rpc";
import { parseTimeout } from "@grpc-study/rpc/timeout";
import { quote } from "../fields/invalid-field.ts";
import type { HeaderRules } from "./header-rules.ts";
import type { HttpRequest, RequestHeaders, ResponseHeaders } from "./message.ts";
import { isGatewayOnly, isReserved } from "./reserved-headers.ts";

const prefix = "grpc-metadata-";

/** Headers that are always forwarded under their own names. */
const forwarded = ["authorization", "traceparent", "tracestate", "baggage", "last-event-id"];

/**
 * The metadata of a request.
 *
 * @param more further headers to forward, in lower case.
 * @param authorization the `authorization` value of a client that cannot set the header.
 * @throws RpcError INVALID_ARGUMENT if a header is not valid metadata.
 */
export function requestMetadata(request: HttpRequest, more: readonly string[], authorization?: string): Metadata {
  const { headers } = request;
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
  addOrigin(metadata, request);
  return metadata;
}

/**
 * Adds what only the gateway sets: the origin of a request, and its id.
 *
 * @throws RpcError INVALID_ARGUMENT if the host is not printable ASCII.
 */
export function addOrigin(metadata: Metadata, { addresses, host, scheme, requestId }: HttpRequest): void {
  add(metadata, "x-forwarded-for", addresses.length === 1 ? (addresses[0] ?? "") : addresses.join(", "));
  add(metadata, "x-forwarded-host", host);
  add(metadata, "x-forwarded-proto", scheme);
  add(metadata, "x-request-id", requestId);
}

function forward(metadata: Metadata, headers: RequestHeaders, name: string): void {
  const value = headers[name];
  if (typeof value === "string") add(metadata, name, value);
}

/** The characters that gRPC allows in a key. HTTP allows more. */
const legalKey = /^[0-9a-z_.-]+$/;

/**
 * Adds a header to metadata: the values of a `-bin` key are base64.
 *
 * @throws RpcError INVALID_ARGUMENT if it is not valid metadata.
 */
export function add(metadata: Metadata, key: string, value: string): void {
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

/**
 * Response metadata as headers: `Grpc-Metadata-*` for the header, `Grpc-Trailer-*` for the trailer,
 * and `responseHeaders` under their own names.
 */
export function responseHeaders(
  metadata: Metadata | undefined,
  prefix: "grpc-metadata-" | "grpc-trailer-",
  { plain, status }: HeaderRules,
): ResponseHeaders {
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
export function timeoutOf({ "grpc-timeout": timeout }: RequestHeaders): number | undefined {
  if (timeout === undefined) return undefined;
  const ms = parseTimeout(timeout);
  if (ms === undefined) throw new RpcError(Code.INVALID_ARGUMENT, `the header grpc-timeout is malformed: ${quote(timeout)}`);
  return ms;
}
