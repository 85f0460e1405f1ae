// The content type of a response (PROTOCOL-HTTP2.md, Content-Type).

/** Whether a content type is gRPC's: `application/grpc`, alone, or with `+proto` and its kin, or with parameters. */
export function isGrpcType(type: string | undefined): boolean {
  return type === "application/grpc" || (type !== undefined && /^application\/grpc(?:$|[+;\s])/i.test(type));
}

/** What answered a call instead of gRPC, for an error's message. */
export function notGrpc(path: string, httpStatus: number, type: string | undefined): string {
  const named = type === undefined ? "without a content type" : `with the content type ${JSON.stringify(type.slice(0, 100))}`;
  return `${path} was answered with HTTP status ${httpStatus} ${named}, and not by gRPC`;
}
