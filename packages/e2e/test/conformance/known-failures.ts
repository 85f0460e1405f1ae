// What does not hold, and why: by suite and case. A case that is listed here has to fail, so that the list is as short as it can be.

interface KnownFailure {
  readonly suite: string;
  readonly name: string;
  /** What happens instead. */
  readonly outcome: string;
  /** Where it comes from. */
  readonly cause: string;
}

export const knownFailures: readonly KnownFailure[] = [
  {
    suite: "gRPC unexpected requests",
    name: "unexpected-verb",
    outcome: "the call is served",
    cause: "grpc-js 1.14.7, server.js: `_streamHandler` looks at the content type and the path of a request, not at its `:method`",
  },
  {
    suite: "gRPC unexpected requests",
    name: "unexpected-codec",
    outcome: "the call is served, as if it were application/grpc+proto",
    cause: "grpc-js 1.14.7, server.js: `_verifyContentType` takes whatever starts with `application/grpc`",
  },
];

export function isKnown(suite: string, name: string): boolean {
  return knownFailures.some((failure) => failure.suite === suite && failure.name === name);
}
