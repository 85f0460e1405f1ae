// A minimal gRPC client on Node's http2, which only sends what a test passes.
import { once } from "node:events";
import { connect, type OutgoingHttpHeaders } from "node:http2";

export interface RawEnding {
  /** The trailers, or the header of a trailers-only response. */
  readonly trailers: Readonly<Record<string, unknown>>;
  /** All messages, each with its five-byte prefix. */
  readonly body: Buffer;
}

/** Makes a call with an empty message, half-closes, and waits for the end of the call. */
export async function callRaw(address: string, path: string, headers: OutgoingHttpHeaders = {}): Promise<RawEnding> {
  const session = connect(`http://${address}`);
  try {
    const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", ...headers });
    let trailers: Record<string, unknown> = {};
    stream.on("response", (headers) => {
      trailers = headers;
    });
    stream.on("trailers", (headers) => {
      trailers = headers;
    });
    stream.end(Buffer.alloc(5));
    const body: Buffer[] = [];
    stream.on("data", (bytes: Buffer) => body.push(bytes));
    await once(stream, "close");
    return { trailers, body: Buffer.concat(body) };
  } finally {
    session.destroy();
  }
}
