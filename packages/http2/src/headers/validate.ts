// Checks that a header list is well-formed for its role (RFC 9113, 8.1 to 8.3). A malformed message
// is a stream error of type PROTOCOL_ERROR (8.1.1). The functions return a message that names the
// violated rule.

import { isFieldValue, isLowerCaseToken } from "./field-syntax.ts";

const request = 1;
const extendedConnectRequest = 2;
const response = 4;
const trailers = 8;
type Role = typeof request | typeof extendedConnectRequest | typeof response | typeof trailers;

/** The properties of a header list that the checks read and set. */
interface CheckedList {
  readonly flat: readonly string[];
  readonly regularStart: number;
  readonly method: string | undefined;
  readonly scheme: string | undefined;
  readonly authority: string | undefined;
  readonly path: string | undefined;
  readonly protocol: string | undefined;
  readonly legal: boolean;
  get(name: string): string | undefined;
  contentLength: number | undefined;
  wellFormedFor: number;
}

/** The connection-specific fields of HTTP/1.1 (8.2.2). */
const connectionSpecific = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

/**
 * Returns `undefined` if the list is a well-formed request, and otherwise the violated rule with
 * its section. `extendedConnect` allows `:protocol` (RFC 8441). Default: `false`. The list caches
 * the result.
 */
export function malformedRequest(list: CheckedList, extendedConnect = false): string | undefined {
  return check(list, extendedConnect ? extendedConnectRequest : request);
}

/** Like {@link malformedRequest}, for an informational (1xx) or final response. */
export function malformedResponse(list: CheckedList): string | undefined {
  return check(list, response);
}

/** Like {@link malformedRequest}, for the trailers of a request or response. */
export function malformedTrailers(list: CheckedList): string | undefined {
  return check(list, trailers);
}

/** Like {@link malformedRequest}, for a list that extends a well-formed one. */
export function malformedExtension(list: CheckedList, extended: CheckedList): string | undefined {
  for (const role of [request, extendedConnectRequest, response, trailers] as const) {
    if ((extended.wellFormedFor & role) === 0) continue;
    // The rules for fields are the same.
    if (role === extendedConnectRequest && (extended.wellFormedFor & request) !== 0) continue;
    const fault = malformedFields(list, role, extended);
    if (fault !== undefined) return fault;
  }
  list.wellFormedFor = extended.wellFormedFor;
  return undefined;
}

function check(list: CheckedList, role: Role): string | undefined {
  if ((list.wellFormedFor & role) !== 0) return undefined;
  const fault = malformedPseudoFields(list, role) ?? malformedFields(list, role, undefined);
  // Without `:protocol`, both kinds of requests are the same.
  const isRequest = role === request || (role === extendedConnectRequest && list.protocol === undefined);
  if (fault === undefined) list.wellFormedFor |= isRequest ? request | extendedConnectRequest : role;
  return fault;
}

/** Checks the regular fields. Those of `extended` are known to be well-formed. */
function malformedFields(list: CheckedList, role: Role, extended: CheckedList | undefined): string | undefined {
  const flat = list.flat;
  let contentLength = extended?.contentLength;
  let host = extended?.get("host");
  const start = extended === undefined ? list.regularStart : extended.flat.length;
  for (let i = start; i < flat.length; i += 2) {
    const name = flat[i] as string;
    const value = flat[i + 1] as string;
    if (list.legal ? name.charCodeAt(0) === 0x3a : !isLowerCaseToken(name)) return malformedName(name);
    if (!list.legal && !isFieldValue(value)) return malformedValue(name);
    // Switch on the length first: the names have 2, 4, 7, 10, 14, 16 or 17 octets, and a switch on
    // strings costs more.
    switch (name.length) {
      case 2:
        if (name === "te" && value !== "trailers" && value.toLowerCase() !== "trailers") return `te must be "trailers" (RFC 9113, 8.2.2)`;
        break;
      case 4:
        if (name !== "host" || role === trailers || role === response) break;
        if (host !== undefined) return "host must occur once (RFC 9110, 7.2)";
        host = value;
        break;
      case 14:
        if (name !== "content-length" || role === trailers) break;
        if (!/^\d{1,15}$/.test(value)) return "content-length must be 1 to 15 digits (RFC 9110, 8.6)";
        if (contentLength !== undefined && Number(value) !== contentLength) return "content-length must have one value (RFC 9110, 8.6)";
        contentLength = Number(value);
        break;
      case 7:
      case 10:
      case 16:
      case 17:
        if (connectionSpecific.has(name)) return `${name} is connection-specific and must be omitted (RFC 9113, 8.2.2)`;
        break;
    }
  }
  if (host !== undefined && list.authority !== undefined && !sameAuthority(host, list.authority, list.scheme)) {
    return "host must name the same entity as :authority (RFC 9113, 8.3.1)";
  }
  if (role !== trailers) list.contentLength = contentLength;
  return undefined;
}

function malformedName(name: string): string {
  if (name.startsWith(":")) return `${quote(name)} must precede the regular fields (RFC 9113, 8.3)`;
  if (name === "") return "a field name must have one octet or more (RFC 9113, 8.2.1)";
  if (isLowerCaseToken(name.toLowerCase())) return `the field name ${quote(name)} must be in lower case (RFC 9113, 8.2.1)`;
  return `the field name ${quote(name)} must be a token (RFC 9113, 8.2.1)`;
}

function malformedValue(name: string): string {
  return `${quote(name)} must be free of control characters and of white space at its ends (RFC 9113, 8.2.1)`;
}

/** Quotes a name from the peer as ASCII text of limited length. */
function quote(name: string): string {
  const text = JSON.stringify(name.slice(0, 64));
  return text.replace(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

function malformedPseudoFields(list: CheckedList, role: Role): string | undefined {
  const flat = list.flat;
  if (role === trailers) {
    return list.regularStart === 0 ? undefined : `${quote(flat[0] as string)} must not occur in trailers (RFC 9113, 8.1)`;
  }
  let seen = 0;
  for (let i = 0; i < list.regularStart; i += 2) {
    const name = flat[i] as string;
    const bit = role === response ? responsePseudoField(name) : requestPseudoField(name, role);
    if (bit === 0) return `${quote(name)} is not a pseudo-header field of a ${role === response ? "response" : "request"} (RFC 9113, 8.3)`;
    if ((seen & bit) !== 0) return `${name} must occur once (RFC 9113, 8.3)`;
    seen |= bit;
    if (!list.legal && !isFieldValue(flat[i + 1] as string)) return malformedValue(name);
  }
  return role === response ? malformedStatus(list.regularStart > 0 ? flat[1] : undefined) : malformedTarget(list);
}

function requestPseudoField(name: string, role: Role): number {
  switch (name) {
    case ":method":
      return 1;
    case ":scheme":
      return 2;
    case ":authority":
      return 4;
    case ":path":
      return 8;
    case ":protocol":
      return role === extendedConnectRequest ? 16 : 0;
    default:
      return 0;
  }
}

function responsePseudoField(name: string): number {
  return name === ":status" ? 1 : 0;
}

function malformedStatus(status: string | undefined): string | undefined {
  if (status === undefined) return ":status is required (RFC 9113, 8.3.2)";
  if (status === "200") return undefined;
  if (!/^[1-9]\d\d$/.test(status)) return ":status must be three digits (RFC 9113, 8.3.2)";
  return status === "101" ? ":status 101 is for HTTP/1.1 only (RFC 9113, 8.6)" : undefined;
}

function malformedTarget(list: CheckedList): string | undefined {
  const { method, scheme, authority, path, protocol } = list;
  if (method === undefined) return ":method is required (RFC 9113, 8.3.1)";
  if (method !== "POST" && method !== "GET" && !isLowerCaseToken(method.toLowerCase())) return ":method must be a token (RFC 9110, 9.1)";
  if (authority !== undefined && !isAuthority(authority)) return ":authority must be a host and a port (RFC 9113, 8.3.1)";
  if (method === "CONNECT" && protocol === undefined) {
    if (scheme !== undefined || path !== undefined) return "CONNECT must omit :scheme and :path (RFC 9113, 8.5)";
    return authority === undefined || authority === "" ? "CONNECT requires :authority (RFC 9113, 8.5)" : undefined;
  }
  if (protocol !== undefined) {
    if (method !== "CONNECT") return ":protocol is for CONNECT only (RFC 8441, 4)";
    if (!isLowerCaseToken(protocol.toLowerCase())) return ":protocol must be a token (RFC 8441, 4)";
    if (authority === undefined) return "CONNECT requires :authority (RFC 8441, 4)";
  }
  if (scheme === undefined) return ":scheme is required (RFC 9113, 8.3.1)";
  if (path === undefined) return ":path is required (RFC 9113, 8.3.1)";
  return malformedSchemeOrPath(method, scheme, path);
}

function malformedSchemeOrPath(method: string, scheme: string, path: string): string | undefined {
  if (!isHttp(scheme)) {
    return /^[a-z][a-z0-9+.-]*$/i.test(scheme) ? undefined : ":scheme must be the scheme of a URI (RFC 9113, 8.3.1)";
  }
  if (path === "") return ":path must have one octet or more (RFC 9113, 8.3.1)";
  const origin = path.charCodeAt(0) === 0x2f || (path === "*" && method === "OPTIONS");
  if (!origin) return `:path must begin with "/", or be "*" for OPTIONS (RFC 9113, 8.3.1)`;
  return hasWhiteSpace(path) ? ":path must be free of white space (RFC 9113, 8.3.1)" : undefined;
}

function isHttp(scheme: string): boolean {
  return scheme === "http" || scheme === "https";
}

/** The last valid authority: a peer usually repeats its own. */
let lastAuthority = "";

function isAuthority(authority: string): boolean {
  if (authority === lastAuthority) return true;
  for (let i = 0; i < authority.length; i++) {
    const char = authority.charCodeAt(i);
    // White space, "/", "?", "#", "\" and the "@" of user information are not allowed.
    if (char <= 0x20 || char === 0x2f || char === 0x3f || char === 0x23 || char === 0x5c || char === 0x40) return false;
  }
  lastAuthority = authority;
  return true;
}

function hasWhiteSpace(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) <= 0x20) return true;
  return false;
}

/** Compares hosts case-insensitively and ignores the scheme's default port. */
function sameAuthority(a: string, b: string, scheme: string | undefined): boolean {
  return a === b || withoutDefaultPort(a, scheme) === withoutDefaultPort(b, scheme);
}

function withoutDefaultPort(authority: string, scheme: string | undefined): string {
  const port = scheme === "https" ? ":443" : scheme === "http" ? ":80" : undefined;
  const lower = authority.toLowerCase();
  return port !== undefined && lower.endsWith(port) ? lower.slice(0, -port.length) : lower;
}
