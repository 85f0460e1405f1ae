// client_http_to_rpc_code.yaml: the status code that the client derives from a response with an
// HTTP status and no grpc-status. The mapping is
// https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md.
import { Code } from "@grpc-study/rpc";
import type { ResponseCase } from "./case.ts";

const mapping: readonly (readonly [name: string, status: number, code: Code])[] = [
  ["bad-request", 400, Code.INTERNAL],
  ["unauthorized", 401, Code.UNAUTHENTICATED],
  ["forbidden", 403, Code.PERMISSION_DENIED],
  ["not-found", 404, Code.UNIMPLEMENTED],
  ["conflict", 409, Code.UNKNOWN],
  ["precondition-failed", 412, Code.UNKNOWN],
  ["payload-too-large", 413, Code.UNKNOWN],
  ["unsupported-media-type", 415, Code.UNKNOWN],
  ["too-many-requests", 429, Code.UNAVAILABLE],
  ["request-header-fields-too-large", 431, Code.UNKNOWN],
  ["bad-gateway", 502, Code.UNAVAILABLE],
  ["service-unavailable", 503, Code.UNAVAILABLE],
  ["gateway-timeout", 504, Code.UNAVAILABLE],
  ["http-version-not-supported", 505, Code.UNKNOWN],
];

export const httpCodes: readonly ResponseCase[] = mapping.map(([name, status, code]) => ({
  name,
  kind: "unary",
  status,
  header: { "content-type": ["text/plain"] },
  expect: { codes: [code] },
}));
