// The exchanges of the group `http2`: HEADERS and DATA in, HEADERS, DATA and trailers out. They are
// unary gRPC calls, so that grpc-go can serve them, too.
import { frame, helloFrame } from "../messages/frame.ts";

export interface Exchange {
  readonly path: string;
  /** The request, and the expected response, byte for byte. */
  readonly request: Buffer;
  readonly response: Buffer;
}

const large = frame(Buffer.alloc(2 ** 20, "1 MiB of text. "));

const service = "/grpc_study.bench.Echo";

export const exchanges = {
  echo: { path: `${service}/Echo`, request: helloFrame, response: helloFrame },
  upload: { path: `${service}/Upload`, request: large, response: helloFrame },
  download: { path: `${service}/Download`, request: helloFrame, response: large },
} satisfies Record<string, Exchange>;

export type ExchangeName = keyof typeof exchanges;

/** A stream that stays open. The server echoes each chunk at once. */
export const idle = { path: `${service}/Idle`, chunk: helloFrame };

/** The fields of requests, responses and trailers, without pseudo-header fields. */
export const requestFields = { "content-type": "application/grpc", te: "trailers" };
export const responseFields = { "content-type": "application/grpc" };
export const trailerFields = { "grpc-status": "0" };
