// gRPC calls over node:http2 with no more than they need: a prepared body, and a look at how the call ended.
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { Bench } from "../../gen/es/bench/bench_pb.js";

export class Connection {
  readonly #session: ClientHttp2Session;
  readonly #authority: string;

  /** @param ca PEM; undefined: plaintext */
  constructor(port: number, ca?: Buffer) {
    this.#authority = `localhost:${port}`;
    this.#session = connect(`${ca ? "https" : "http"}://${this.#authority}`, {
      ...(ca && { ca }),
      settings: { initialWindowSize: 1 << 20 },
    });
    this.#session.on("error", () => {});
  }

  /** Resolves with the number of bytes that came. Rejects unless the call ended with OK. */
  call(method: string, body: Buffer, onData?: (chunk: Buffer) => void): Promise<number> {
    return new Promise((resolve, reject) => {
      const stream = this.open(method);
      let bytes = 0;
      stream.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        onData?.(chunk);
      });
      settle(stream, () => resolve(bytes), reject);
      stream.end(body);
    });
  }

  /** Sends a message, waits for the answer, which has the same size, and so on as long as `more` says so. */
  pingPong(method: string, message: Buffer, more: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const stream = this.open(method);
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

  open(method: string): ClientHttp2Stream {
    return this.#session.request({
      ":method": "POST",
      ":path": `/${Bench.typeName}/${method}`,
      ":authority": this.#authority,
      "content-type": "application/grpc",
      te: "trailers",
    });
  }

  close(): void {
    this.#session.destroy();
  }
}

function settle(stream: ClientHttp2Stream, resolve: () => void, reject: (error: Error) => void): void {
  let status: unknown;
  // Without a message, the status is in the header.
  stream.on("response", (header) => {
    status = header["grpc-status"];
  });
  stream.on("trailers", (trailers) => {
    status = trailers["grpc-status"];
  });
  stream.on("error", reject);
  stream.on("close", () => (status === "0" ? resolve() : reject(new Error(`the call ended with grpc-status ${status}`))));
}
