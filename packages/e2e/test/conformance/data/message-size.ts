// server_message_size.yaml: the server accepts a request at its size limit, and ends a call with
// RESOURCE_EXHAUSTED if a request is ten bytes larger.
import { Code } from "@grpc-study/rpc";
import type { CallCase } from "./case.ts";

const expect = { code: Code.RESOURCE_EXHAUSTED };
const one = { responses: 1 };
const two = { responses: 2 };

export const messageSize: readonly CallCase[] = [
  { name: "unary/request-equal-to-server-limit", kind: "unary", sizes: [0], answer: one },
  { name: "unary/request-exceeds-server-limit", kind: "unary", sizes: [10], answer: one, expect },
  { name: "client-stream/all-requests-equal-to-server-limit", kind: "client-stream", sizes: [0, 0], answer: one },
  { name: "client-stream/first-request-exceeds-server-limit", kind: "client-stream", sizes: [10, 0], answer: one, expect },
  { name: "client-stream/subsequent-request-exceeds-server-limit", kind: "client-stream", sizes: [0, 10], answer: one, expect },
  { name: "server-stream/request-equal-to-server-limit", kind: "server-stream", sizes: [0], answer: two },
  { name: "server-stream/request-exceeds-server-limit", kind: "server-stream", sizes: [10], answer: two, expect },
  { name: "bidi-stream/half-duplex/all-requests-equal-to-server-limit", kind: "half-duplex", sizes: [0, 0], answer: two },
  { name: "bidi-stream/half-duplex/first-request-exceeds-server-limit", kind: "half-duplex", sizes: [10, 0], answer: two, expect },
  { name: "bidi-stream/half-duplex/subsequent-request-exceeds-server-limit", kind: "half-duplex", sizes: [0, 10], answer: two, expect },
  { name: "bidi-stream/full-duplex/all-requests-equal-to-server-limit", kind: "full-duplex", sizes: [0, 0], answer: two },
  { name: "bidi-stream/full-duplex/first-request-exceeds-server-limit", kind: "full-duplex", sizes: [10, 0], answer: two, expect },
];
