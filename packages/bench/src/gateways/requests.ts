// The requests: as HTTP for gateways, and in the Connect protocol.
import { streamLength } from "../messages/frame.ts";

export const requestNames = ["GET /v1/prod/998", "POST /v1/orders", "stream of 1,000", "Connect unary, JSON"] as const;
export type RequestName = (typeof requestNames)[number];

export interface HttpRequest {
  readonly path: string;
  /** The request body. `undefined`: GET. */
  readonly body?: string | Buffer;
  readonly contentType?: string;
}

/** The requests that a contestant understands. */
export type Requests = Readonly<Partial<Record<RequestName, HttpRequest>>>;

const order = { orderId: 1001, orderNo: "NO-2024-0001", userId: 42, orderMoney: 99.5, orderTime: "2024-05-06T07:01:29Z" };

const connectUnary: HttpRequest = {
  path: "/services.ProdService/GetProdStock",
  body: JSON.stringify({ prodId: 998 }),
  contentType: "application/json",
};

/** The request that Go's grpc-gateway serves: Debian's version reads no timestamps of its protobuf. */
export const goRequests = { "GET /v1/prod/998": { path: "/v1/prod/998" } } satisfies Requests;

/** The requests that Fastify serves. */
export const constantRequests = {
  ...goRequests,
  "POST /v1/orders": { path: "/v1/orders", body: JSON.stringify(order), contentType: "application/json" },
  "stream of 1,000": { path: `/v1/count/${streamLength}` },
} satisfies Requests;

/** The requests that our gateway serves. */
export const gatewayRequests = { ...constantRequests, "Connect unary, JSON": connectUnary } satisfies Requests;

/** The same calls, all in the Connect protocol. */
export const connectRequests = {
  "GET /v1/prod/998": connectUnary,
  "POST /v1/orders": {
    path: "/services.OrderService/NewOrder",
    body: JSON.stringify({ orderMain: order }),
    contentType: "application/json",
  },
  "stream of 1,000": {
    path: "/grpc_study.bench.Bench/Count",
    body: enveloped(JSON.stringify({ count: streamLength })),
    contentType: "application/connect+json",
  },
  "Connect unary, JSON": connectUnary,
} satisfies Requests;

/**
 * Adds the envelope of a stream message in the Connect protocol
 * (https://connectrpc.com/docs/protocol): a prefix of five bytes, as in gRPC.
 */
function enveloped(text: string): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(Buffer.byteLength(text), 1);
  return Buffer.concat([prefix, Buffer.from(text)]);
}
