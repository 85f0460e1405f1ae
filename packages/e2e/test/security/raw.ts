// Calls that no gRPC client would make, on Node's http2: with any header, any body and any end.
import { once } from "node:events";
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from "node:http2";

export interface RawCall {
  readonly headers?: OutgoingHttpHeaders;
  /** The bytes to send. Default: none. */
  readonly body?: Buffer;
  /** Whether to half-close after the body. Default: true. */
  readonly end?: boolean;
}

export interface RawStatus {
  /** `undefined` if the call ended without a status. */
  readonly code: number | undefined;
  readonly message: string;
}

/** Makes a call and waits for its end. */
export async function callRaw(session: ClientHttp2Session, path: string, { headers, body, end = true }: RawCall = {}): Promise<RawStatus> {
  const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", ...headers });
  let status: Readonly<Record<string, unknown>> = {};
  for (const event of ["response", "trailers"]) {
    stream.on(event, (headers: Readonly<Record<string, unknown>>) => {
      if ("grpc-status" in headers) status = headers;
      // A stream without a half-close stays open on this side.
      if ("grpc-status" in headers && !end) stream.close();
    });
  }
  stream.on("error", () => {});
  stream.resume();
  if (body !== undefined) stream.write(body);
  if (end) stream.end();
  await once(stream, "close");
  const code = status["grpc-status"];
  return {
    code: code === undefined ? undefined : Number(code),
    message: decodeURIComponent(String(status["grpc-message"] ?? "")),
  };
}

/** Opens a connection. */
export function openSession(address: string): ClientHttp2Session & AsyncDisposable {
  const session = connect(`http://${address}`);
  session.on("error", () => {});
  return Object.assign(session, {
    async [Symbol.asyncDispose]() {
      session.destroy();
    },
  });
}

/** A length-prefixed message without compression. */
export function frame(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
