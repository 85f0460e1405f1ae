// duplicate_metadata.yaml: a key with several values keeps all of them in order, in requests,
// headers and trailers.
import { Code } from "@grpc-study/rpc";
import type { CallCase, Kind } from "./case.ts";

const requestHeader = { "x-conformance-test": ["Value1", "Value2"] };
const header = { "x-custom-header": ["foo", "bar", "baz"] };
const trailer = { "x-custom-trailer": ["bing", "quux"] };
const error = { code: Code.INTERNAL, message: "it failed" };

const single = (kind: Kind, requests: number): CallCase[] => [
  { name: `${kind}/success`, kind, requests, requestHeader, answer: { header, responses: 1, trailer } },
  { name: `${kind}/error`, kind, requests, requestHeader, answer: { header, error, trailer } },
];

const stream = (kind: Kind, name: string, requests: number): CallCase[] => [
  { name: `${name}/success`, kind, requests, requestHeader, answer: { header, responses: 2, trailer } },
  { name: `${name}/error-with-responses`, kind, requests, requestHeader, answer: { header, responses: 2, error, trailer } },
  { name: `${name}/error-with-no-responses`, kind, requests, requestHeader, answer: { header, error, trailer } },
];

export const duplicateMetadata: readonly CallCase[] = [
  ...single("unary", 1),
  ...single("client-stream", 2),
  ...stream("server-stream", "server-stream", 1),
  { name: "server-stream/no-response", kind: "server-stream", answer: { header, trailer } },
  ...stream("full-duplex", "bidi-stream/full-duplex", 2),
  ...stream("half-duplex", "bidi-stream/half-duplex", 2),
];
