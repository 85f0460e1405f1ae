// client_cancellation.yaml: the client cancels before its half-close, after it, and between the
// responses.
import { Code } from "@grpc-study/rpc";
import type { CallCase } from "./case.ts";

const code = Code.CANCELLED;
const late = { header: { "x-custom-header": ["foo"] }, responses: 1, delayMs: 200, trailer: { "x-custom-trailer": ["bing"] } };
const two = { responses: 2, delayMs: 200 };

export const cancellation: readonly CallCase[] = [
  { name: "unary/cancel-after-close-send", kind: "unary", cancel: { afterCloseSendMs: 5 }, answer: late, expect: { code } },
  {
    name: "client-stream/cancel-before-close-send",
    kind: "client-stream",
    requests: 2,
    cancel: { beforeCloseSend: true },
    answer: { responses: 1 },
    expect: { code },
  },
  {
    name: "client-stream/cancel-after-close-send",
    kind: "client-stream",
    requests: 2,
    cancel: { afterCloseSendMs: 5 },
    answer: late,
    expect: { code },
  },
  { name: "server-stream/cancel-after-close-send", kind: "server-stream", cancel: { afterCloseSendMs: 5 }, answer: two, expect: { code } },
  {
    name: "server-stream/cancel-after-responses",
    kind: "server-stream",
    cancel: { afterResponses: 1 },
    answer: two,
    expect: { code, responses: 1 },
  },
  {
    name: "bidi-stream/full-duplex/cancel-after-responses",
    kind: "full-duplex",
    requests: 2,
    cancel: { afterResponses: 1 },
    answer: two,
    expect: { code, responses: 1 },
  },
  {
    name: "bidi-stream/full-duplex/cancel-before-close-send",
    kind: "full-duplex",
    cancel: { beforeCloseSend: true },
    answer: { responses: 2 },
    expect: { code, responses: 1 },
  },
  {
    name: "bidi-stream/full-duplex/cancel-after-close-send",
    kind: "full-duplex",
    cancel: { afterCloseSendMs: 5 },
    answer: two,
    expect: { code, responses: 1 },
  },
  {
    name: "bidi-stream/half-duplex/cancel-after-responses",
    kind: "half-duplex",
    requests: 2,
    cancel: { afterResponses: 1 },
    answer: two,
    expect: { code, responses: 1 },
  },
  {
    name: "bidi-stream/half-duplex/cancel-before-close-send",
    kind: "half-duplex",
    requests: 2,
    cancel: { beforeCloseSend: true },
    answer: two,
    expect: { code },
  },
  {
    name: "bidi-stream/half-duplex/cancel-after-close-send",
    kind: "half-duplex",
    requests: 2,
    cancel: { afterCloseSendMs: 5 },
    answer: two,
    expect: { code },
  },
];
