// The requests, in HTTP as the rules have it, and in the Connect protocol, which is what connect-node understands.
import { streamLength } from "../messages/frame.ts";

export const requestNames = ["GET /v1/prod/998", "POST /v1/orders", "stream of 1,000"] as const;
export type RequestName = (typeof requestNames)[number];

export interface HttpRequest {
  readonly path: string;
  /** Absent: GET. */
  readonly body?: string | Buffer;
  readonly contentType?: string;
}

const order = { orderId: 1001, orderNo: "NO-2024-0001", userId: 42, orderMoney: 99.5, orderTime: "2024-05-06T07:01:29Z" };

export const httpRequests: Readonly<Record<RequestName, HttpRequest>> = {
  "GET /v1/prod/998": { path: "/v1/prod/998" },
  "POST /v1/orders": { path: "/v1/orders", body: JSON.stringify(order), contentType: "application/json" },
  "stream of 1,000": { path: `/v1/count/${streamLength}` },
};

export const connectRequests: Readonly<Record<RequestName, HttpRequest>> = {
  "GET /v1/prod/998": {
    path: "/services.ProdService/GetProdStock",
    body: JSON.stringify({ prodId: 998 }),
    contentType: "application/json",
  },
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
};

/** A message of a stream in the Connect protocol (https://connectrpc.com/docs/protocol): five bytes before it, as in gRPC. */
function enveloped(text: string): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(Buffer.byteLength(text), 1);
  return Buffer.concat([prefix, Buffer.from(text)]);
}
