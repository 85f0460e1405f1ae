// What the adapters of node:http and of the HTTP/2 engine share about response headers.

/** Headers of one HTTP/1.1 connection. HTTP/2 forbids them (RFC 9113, section 8.2.2). */
const ofConnection = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

export function isConnectionHeader(name: string): boolean {
  return ofConnection.has(name);
}

/** Whether responses with a status have no body, and no `content-length` (RFC 9110, section 8.6). */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304;
}

/** Whether the client reads trailers (RFC 9110, section 6.5.1). */
export function acceptsTrailers(te: string | undefined): boolean {
  return te !== undefined && /(?:^|,)[ \t]*trailers[ \t]*(?:$|,)/i.test(te);
}
