// Minimal gRPC calls on node:http2: prepared bodies, and a check of the status.
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { headersOf } from "../../echoes/node-http2/tuning.ts";
import { type MethodName, methodNames, pathOf } from "../../messages/calls.ts";

export class Connection {
  readonly #session: ClientHttp2Session;
  readonly #headers: ReadonlyMap<MethodName, ReturnType<typeof headersOf>>;

  /** @param ca the certificate authority in PEM. `undefined`: plaintext. */
  constructor(port: number, ca?: Buffer) {
    const scheme = ca ? "https" : "http";
    const authority = `localhost:${port}`;
    this.#session = connect(`${scheme}://${authority}`, { ...(ca && { ca }), settings: { initialWindowSize: 1 << 20 } });
    this.#session.on("error", () => {});
    const pseudo = { ":method": "POST", ":scheme": scheme, ":authority": authority };
    const fields = { "content-type": "application/grpc", te: "trailers" };
    this.#headers = new Map(methodNames.map((method) => [method, headersOf({ ...pseudo, ":path": pathOf(method), ...fields })]));
  }

  /** Resolves with the number of received bytes. Rejects unless the call ended with OK. */
  call(method: MethodName, body: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      const stream = this.#open(method);
      let bytes = 0;
      stream.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      settle(stream, () => resolve(bytes), reject);
      stream.end(body);
    });
  }

  /**
   * Sends a message, waits for a response of the same size, and repeats while `more` returns true.
   */
  pingPong(method: MethodName, message: Buffer, more: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const stream = this.#open(method);
      let missing = message.length;
      stream.on("data", (chunk: Buffer) => {
        missing -= chunk.length;
        if (missing > 0) return;
        missing = message.length;
        if (more()) stream.write(message);
        else stream.end();
      });
      settle(stream, resolve, reject);
      if (more()) stream.write(message);
      else stream.end();
    });
  }

  #open(method: MethodName): ClientHttp2Stream {
    return this.#session.request(this.#headers.get(method));
  }
}

function settle(stream: ClientHttp2Stream, resolve: () => void, reject: (error: Error) => void): void {
  let status: unknown;
  // A trailers-only response has the status in its headers.
  stream.on("response", (header) => {
    status = header["grpc-status"];
  });
  stream.on("trailers", (trailers) => {
    status = trailers["grpc-status"];
  });
  stream.on("error", reject);
  stream.on("close", () => (status === "0" ? resolve() : reject(new Error(`the call ended with grpc-status ${status}`))));
}
