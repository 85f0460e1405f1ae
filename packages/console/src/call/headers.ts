// Metadata in the headers of HTTP.
import type { Metadata } from "./types.ts";

/** Headers of a response that are not metadata of the server. */
const ofHttp =
  /^(?:accept-encoding|access-control-.*|cache-control|connect-.*|connection|content-(?:encoding|length|security-policy|type)|cross-origin-.*|date|keep-alive|origin-agent-cluster|referrer-policy|server|strict-transport-security|transfer-encoding|vary|x-content-type-options)$/;

const trailerPrefix = "trailer-";

/** The metadata in the headers of a response. A unary response has its trailer there, too. */
export function readHeaders(headers: Headers): { readonly header: Metadata; readonly trailer: Metadata } {
  const all = [...headers].filter(([name]) => !ofHttp.test(name));
  return {
    header: all.filter(([name]) => !name.startsWith(trailerPrefix)),
    trailer: all.filter(([name]) => name.startsWith(trailerPrefix)).map(([name, value]) => [name.slice(trailerPrefix.length), value]),
  };
}

/** Metadata as an object in JSON: `{"key":["value"]}`. */
export function readMetadata(value: unknown): Metadata {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, values]) => [values].flat().map((one): [string, string] => [key, String(one)]));
}

/** Headers that browsers or the gateway keep for themselves. */
const notSettable =
  /^(?:accept-charset|accept-encoding|access-control-.*|connection|content-(?:encoding|length|type)|cookie2?|date|dnt|expect|forwarded|grpc-.*|host|keep-alive|origin|permissions-policy|proxy-.*|referer|sec-.*|set-cookie|te|trailer|transfer-encoding|upgrade|user-agent|via|x-forwarded-.*|x-real-ip|x-request-id)$/;

/** Why a key or value cannot be sent. `undefined` if it can. */
export function metadataFault(key: string, value: string): "key" | "reserved" | "value" | "base64" | undefined {
  const name = key.toLowerCase();
  if (!/^[0-9a-z_.-]+$/.test(name)) return "key";
  if (notSettable.test(name)) return "reserved";
  if (name.endsWith("-bin")) return /^[A-Za-z0-9+/]*={0,2}$/.test(value) ? undefined : "base64";
  return /^[\x20-\x7e]*$/.test(value) ? undefined : "value";
}

/** Whether the value of a key may give access, as far as the key says. */
export function isCredential(key: string): boolean {
  return /auth|token|secret|passw|credential|cookie|session|signature|jwt|bearer|api-?_?key|access-?_?key|private|^x-?key$/i.test(key);
}

/** Joins the values of a key, as HTTP does. */
export function joined(metadata: Metadata): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [key, value] of metadata) {
    const name = key.toLowerCase();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return headers;
}
