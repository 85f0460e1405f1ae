// grpc_server_unexpected.yaml: invalid requests, and the status codes that the server may send.
import { Code } from "@grpc-study/rpc";
import type { RequestCase } from "./case.ts";

const service = "/connectrpc.conformance.v1.ConformanceService";
const empty = { flag: 0, bytes: new Uint8Array() };
const accepted = [Code.UNKNOWN, Code.INTERNAL, Code.UNIMPLEMENTED];

export const unexpectedRequests: readonly RequestCase[] = [
  { name: "unary/no-request", path: `${service}/Unary`, frames: [], codes: [Code.UNIMPLEMENTED] },
  { name: "unary/multiple-requests", path: `${service}/Unary`, frames: [empty, empty], codes: [Code.UNIMPLEMENTED] },
  { name: "server-stream/no-request", path: `${service}/ServerStream`, frames: [], codes: [Code.UNIMPLEMENTED] },
  { name: "server-stream/multiple-requests", path: `${service}/ServerStream`, frames: [empty, empty], codes: [Code.UNIMPLEMENTED] },
  { name: "unexpected-verb", verb: "DELETE", path: `${service}/Unary`, frames: [empty], codes: accepted },
  {
    name: "unexpected-uri",
    path: "/connectrpc.conformance.v1.UnknownService/UnknownMethod",
    frames: [empty],
    codes: [Code.UNIMPLEMENTED],
  },
  {
    name: "unexpected-codec",
    path: `${service}/Unary`,
    header: { "content-type": ["application/grpc+foo"] },
    frames: [empty],
    codes: accepted,
  },
  {
    name: "unexpected-compression",
    path: `${service}/Unary`,
    header: { "grpc-encoding": ["foo"] },
    frames: [empty],
    codes: [Code.UNIMPLEMENTED],
  },
  {
    name: "unexpected-compressed-message",
    path: `${service}/Unary`,
    header: { "grpc-encoding": ["identity"] },
    frames: [{ flag: 1, bytes: new Uint8Array() }],
    codes: [Code.INTERNAL],
  },
];
