// The content type of a response (PROTOCOL-HTTP2.md, Content-Type).

/**
 * Returns whether a content type belongs to gRPC: `application/grpc`, alone, with a suffix such as
 * `+proto`, or with parameters.
 */
export function isGrpcType(type: string | undefined): boolean {
  return type === "application/grpc" || (type !== undefined && /^application\/grpc(?:$|[+;\s])/i.test(type));
}

/** Describes a response that is not gRPC, for an error message. */
export function notGrpc(path: string, httpStatus: number, type: string | undefined): string {
  const named = type === undefined ? "without a content type" : `with the content type ${JSON.stringify(type.slice(0, 100))}`;
  return `the response to ${path} is not gRPC: HTTP status ${httpStatus} ${named}`;
}
