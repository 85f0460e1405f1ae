// Response metadata as HTTP headers and trailers under its own names.
import type { Metadata } from "@grpc-study/rpc";
import type { ResponseHeaders } from "../http/message.ts";
import { isGatewayOnly, isReserved } from "../http/reserved-headers.ts";

type MutableHeaders = { -readonly [Name in keyof ResponseHeaders]: ResponseHeaders[Name] };

/**
 * Keys that only the gateway sets in a response: those of CORS, of Connect, and of the content. `vary`
 * is not among them.
 */
const own = /^(?:access-control-.*|connect-.*|accept-encoding|accept-post|server)$/;

/** Whether a key of response metadata may be sent to a client. */
function isSent(key: string): boolean {
  return !isReserved(key) && !own.test(key) && !isGatewayOnly(key);
}

/** The values of a key as text: bytes in base64 without padding. */
function valuesOf(metadata: Metadata, key: string): string[] {
  if (!key.endsWith("-bin")) return [...metadata.getAll(key)];
  return metadata.getAllBytes(key).map((value) => value.toString("base64").replace(/=+$/, ""));
}

/** The metadata that is sent to a client, with all values of each key. `undefined` if there is none. */
export function metadataValues(metadata: Metadata): { readonly [key: string]: readonly string[] } | undefined {
  let values: Record<string, readonly string[]> | undefined;
  for (const key of metadata.keys()) {
    if (!isSent(key)) continue;
    values ??= {};
    values[key] = valuesOf(metadata, key);
  }
  return values;
}

/**
 * Adds metadata to the headers of a response.
 *
 * @param prefix precedes each name.
 */
export function addMetadata(headers: MutableHeaders, metadata: Metadata, prefix: "" | "trailer-"): void {
  for (const key of metadata.keys()) {
    if (!isSent(key)) continue;
    const values = valuesOf(metadata, key);
    const name = prefix + key;
    const before = headers[name];
    // `set-cookie` cannot be combined into a list (RFC 9110, section 5.3).
    if (name === "set-cookie") headers[name] = before === undefined ? values : [before, values].flat();
    else headers[name] = before === undefined ? values.join(", ") : `${before}, ${values.join(", ")}`;
  }
}
