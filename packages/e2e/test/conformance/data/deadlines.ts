// timeouts.yaml and deadline_propagation.yaml: an expired deadline ends the call, and the server
// sees the deadline of a call that succeeds.
import { Code } from "@grpc-study/rpc";
import type { CallCase } from "./case.ts";

const kinds = [
  { kind: "unary", name: "unary", requests: 1, responses: 1 },
  { kind: "client-stream", name: "client-stream", requests: 2, responses: 1 },
  { kind: "server-stream", name: "server-stream", requests: 1, responses: 2 },
  { kind: "full-duplex", name: "bidi-stream/full-duplex", requests: 2, responses: 2 },
  { kind: "half-duplex", name: "bidi-stream/half-duplex", requests: 2, responses: 2 },
] as const;

export const timeouts: readonly CallCase[] = kinds.map(({ kind, name, requests, responses }) => ({
  name,
  kind,
  requests,
  timeoutMs: 200,
  answer: { responses, delayMs: 1500 },
  expect: { code: Code.DEADLINE_EXCEEDED },
}));

export const deadlinePropagation: readonly CallCase[] = kinds.map(({ kind, name, requests, responses }) => ({
  name: `${name}/success`,
  kind,
  requests,
  timeoutMs: 20_000,
  answer: { responses },
}));
