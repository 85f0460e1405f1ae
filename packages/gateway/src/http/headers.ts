// Converts HTTP headers to gRPC metadata, and back.
import { Code, Metadata, RpcError } from "@grpc-study/rpc";
import { shown } from "@grpc-study/rpc/checks";
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
 * @param authorization the `authorization` value of a client that cannot set the header.
 * @throws RpcError INVALID_ARGUMENT if a header is not valid metadata.
 */
export function requestMetadata(request: HttpRequest, rules: HeaderRules, authorization?: string): Metadata {
  const { headers } = request;
  const metadata = new Metadata();
  if (rules.incoming === undefined) addForwarded(metadata, headers, rules.forwarded);
  else addMapped(metadata, headers, rules.forwarded, rules.incoming);
  if (headers.authorization === undefined && authorization !== undefined) add(metadata, "authorization", authorization);
  addOrigin(metadata, request);
  return metadata;
}

/** @param more further headers to forward, in lower case. */
function addForwarded(metadata: Metadata, headers: RequestHeaders, more: readonly string[]): void {
  for (const name of forwarded) forward(metadata, headers, name);
  for (const name of more) forward(metadata, headers, name);
  for (const name in headers) {
    if (!name.startsWith(prefix)) continue;
    const key = name.slice(prefix.length);
    if (key !== "" && !isReserved(key) && !isGatewayOnly(key)) add(metadata, key, headers[name] ?? "");
  }
}

/** As `addForwarded`, with a hook that maps each header. */
function addMapped(metadata: Metadata, headers: RequestHeaders, more: readonly string[], hook: NonNullable<HeaderRules["incoming"]>): void {
  for (const name in headers) {
    const isOwn = forwarded.includes(name) || more.includes(name);
    // A client must not set what only the gateway vouches for, under another name either.
    if (isGatewayOnly(name) || (isReserved(name) && !isOwn && name !== "user-agent" && !name.startsWith(prefix))) continue;
    const mapped: unknown = hook(name);
    if (mapped === false) continue;
    if (mapped !== undefined && mapped !== null && typeof mapped !== "string")
      throw new TypeError(`hooks.incomingHeader must return a metadata key, false or undefined for ${name}, got ${shown(mapped)}`);
    const key = mapped?.toLowerCase() ?? (isOwn ? name : name.startsWith(prefix) ? name.slice(prefix.length) : "");
    // The option may name a header of HTTP, such as `user-agent`.
    if (key === "" || isGatewayOnly(key) || (isReserved(key) && !more.includes(key))) continue;
    add(metadata, key, headers[name] ?? "");
  }
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
  rules: HeaderRules,
): ResponseHeaders {
  const headers: Record<string, string | string[]> = {};
  if (metadata === undefined) return headers;
  const { plain, status } = rules;
  const hook = prefix === "grpc-metadata-" ? rules.outgoing : rules.outgoingTrailer;
  for (const key of metadata.keys()) {
    if (isReserved(key) || key === status) continue;
    const values = key.endsWith("-bin") ? metadata.getAllBytes(key).map((value) => value.toString("base64")) : [...metadata.getAll(key)];
    const name = nameOf(key, hook) ?? (plain.has(key) ? key : prefix + key);
    // `set-cookie` cannot be combined into a list (RFC 9110, section 5.3).
    if (name !== false) headers[name] = name === "set-cookie" ? values : values.join(", ");
  }
  return headers;
}

/**
 * The header that a hook names.
 *
 * @throws TypeError for a name that is not valid, or that belongs to HTTP.
 */
function nameOf(key: string, hook: HeaderRules["outgoing"]): string | false | undefined {
  const name: unknown = hook?.(key);
  if (name === undefined || name === false) return name;
  if (typeof name !== "string")
    throw new TypeError(`the hook for the metadata ${key} must return the name of a header, got ${shown(name)}`);
  const lower = name.toLowerCase();
  if (/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower) && !isReserved(lower)) return lower;
  throw new TypeError(`the hook for the metadata ${key} returned the header ${quote(name)}, which cannot be sent`);
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
