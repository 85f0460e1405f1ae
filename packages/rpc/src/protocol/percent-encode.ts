/** A status message as a header (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, Percent-Encoded). */
export function percentEncode(text: string): string {
  return text.toWellFormed().replace(/[^ -$&-~]+/g, encodeURIComponent);
}
