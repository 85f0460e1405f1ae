// grpc_client_unexpected.yaml, grpc_client_trailers.yaml and grpc_client_empty.yaml: valid and
// invalid responses.
import { Code } from "@grpc-study/rpc";
import type { Entries, Kind, ResponseCase } from "./case.ts";

const grpc = { "content-type": ["application/grpc"] };
const ok = { "grpc-status": ["0"] };
const empty = { flag: 0, bytes: new Uint8Array() };

export const unexpectedResponses: readonly ResponseCase[] = [
  {
    name: "missing-status",
    kind: "unary",
    header: grpc,
    trailer: { "grpc-message": ["error"] },
    expect: { codes: [Code.UNKNOWN, Code.INTERNAL] },
  },
  ...(["unary", "client-stream"] as const).flatMap((kind): ResponseCase[] => [
    { name: `${kind}/ok-but-no-response`, kind, header: grpc, trailer: ok, expect: { codes: [Code.UNIMPLEMENTED] } },
    {
      name: `${kind}/multiple-responses`,
      kind,
      header: grpc,
      frames: [empty, empty],
      trailer: ok,
      expect: { codes: [Code.UNIMPLEMENTED] },
    },
  ]),
  {
    name: "trailers-only/ignore-header-if-body-present",
    kind: "unary",
    header: { ...grpc, "grpc-status": ["9"] },
    frames: [empty],
    expect: { codes: [Code.INTERNAL, Code.UNKNOWN] },
  },
  {
    name: "trailers-only/ignore-header-if-trailer-present",
    kind: "unary",
    header: { ...grpc, "grpc-status": ["8"] },
    trailer: { foo: ["bar"], "grpc-status": ["9"] },
    expect: { codes: [Code.FAILED_PRECONDITION] },
  },
  {
    name: "unexpected-content-type",
    kind: "unary",
    header: { "content-type": ["image/jpeg"] },
    expect: { codes: [Code.UNKNOWN] },
  },
  {
    name: "unexpected-codec",
    kind: "unary",
    header: { "content-type": ["application/grpc+json"] },
    frames: [{ flag: 0, bytes: Buffer.from('{"payload": {"data": "dGVzdCByZXNwb25zZQ"}}') }],
    trailer: ok,
    expect: { codes: [Code.INTERNAL, Code.UNKNOWN, Code.UNIMPLEMENTED] },
  },
  {
    name: "unexpected-compression",
    kind: "unary",
    header: { ...grpc, "grpc-encoding": ["foo"] },
    frames: [{ flag: 1, bytes: Buffer.from("not compressed data") }],
    trailer: ok,
    expect: { codes: [Code.INTERNAL] },
  },
  {
    name: "unexpected-compressed-message",
    kind: "unary",
    header: { ...grpc, "grpc-encoding": ["identity"] },
    frames: [{ flag: 1, bytes: new Uint8Array() }],
    trailer: ok,
    expect: { codes: [Code.INTERNAL] },
  },
];

function trailersAtEnd(name: string, header: Entries, trailer: Entries): ResponseCase {
  const status = { "grpc-status": ["9"], "grpc-message": ["error"] };
  return {
    name: `trailers-at-end/${name}`,
    kind: "unary",
    header: { ...grpc, ...header },
    trailer: { ...status, ...trailer },
    expect: { codes: [Code.FAILED_PRECONDITION], message: "error", header, trailer },
  };
}

function trailersOnly(name: string, trailer: Entries): ResponseCase {
  return {
    name: `trailers-only/${name}`,
    kind: "unary",
    header: { ...grpc, ...trailer, "grpc-status": ["9"], "grpc-message": ["error"] },
    expect: { codes: [Code.FAILED_PRECONDITION], message: "error", trailer },
  };
}

export const trailers: readonly ResponseCase[] = [
  trailersAtEnd("expected", { "x-custom-header": ["foo"] }, { "x-custom-trailer": ["bing"] }),
  trailersAtEnd("duplicate-metadata", { "x-custom-header": ["foo", "bar", "baz"] }, { "x-custom-trailer": ["bing", "quuz"] }),
  trailersOnly("expected", { "x-custom-trailer": ["bing"] }),
  trailersOnly("duplicate-metadata", { "x-custom-trailer": ["bing", "quuz"] }),
];

const kinds: readonly Kind[] = ["unary", "client-stream", "server-stream", "half-duplex"];

/** An empty message counts as a message. */
export const emptyResponses: readonly ResponseCase[] = kinds.map((kind) => ({
  name: `${kind}/empty-response`,
  kind,
  header: { ...grpc, "x-custom-header": ["foo"] },
  frames: [empty],
  trailer: { ...ok, "x-custom-trailer": ["bing"] },
  expect: { codes: [Code.OK], responses: 1, header: { "x-custom-header": ["foo"] }, trailer: { "x-custom-trailer": ["bing"] } },
}));
