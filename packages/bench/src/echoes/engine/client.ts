// @grpc-study/http2. It is also the load on every server of the group.
import { readFileSync } from "node:fs";
import { connect as connectEngine, HeaderList, type Stream, type StreamHandler } from "@grpc-study/http2";
import type { ConnectEcho, OnEnd } from "../echo-peer.ts";
import { type Exchange, idle, requestFields } from "../exchange.ts";

class Call implements StreamHandler {
  readonly #expected: number;
  readonly #onEnd: OnEnd;
  readonly #onPart: ((part: Buffer) => void) | undefined;
  #received = 0;
  #status: number | undefined;

  constructor(expected: number, onEnd: OnEnd, onPart?: (part: Buffer) => void) {
    this.#expected = expected;
    this.#onEnd = onEnd;
    this.#onPart = onPart;
  }

  onHeaders(headers: HeaderList, endStream: boolean): void {
    this.#status = headers.status;
    if (endStream) this.#onEnd(new Error(`a response without a body: ${[headers.status, ...headers].join(" ")}`));
  }

  onData(data: Buffer, endStream: boolean, stream: Stream): void {
    this.#received += data.length;
    stream.credit(data.length);
    this.#onPart?.(data);
    if (endStream) this.#onEnd(new Error("a response without trailers"));
  }

  onTrailers(trailers: HeaderList): void {
    const grpcStatus = trailers.get("grpc-status");
    if (this.#status === 200 && grpcStatus === "0" && this.#received === this.#expected) this.#onEnd();
    else this.#onEnd(new Error(`status ${this.#status}, ${this.#received} bytes, grpc-status ${grpcStatus}`));
  }

  onReset({ message }: { readonly message: string }): void {
    this.#onEnd(new Error(message));
  }
}

export const connect: ConnectEcho = async ({ port, ca }) => {
  const tls = ca === null ? undefined : { ca: readFileSync(ca), servername: "localhost" };
  const connection = await connectEngine({ host: "127.0.0.1", port, ...(tls && { tls }) });
  const lists = new Map<string, HeaderList>();
  const requestOf = (path: string): HeaderList => {
    let list = lists.get(path);
    if (list === undefined) {
      const pseudo = { method: "POST", scheme: tls ? "https" : "http", authority: `localhost:${port}`, path };
      list = HeaderList.request(pseudo, Object.entries(requestFields));
      lists.set(path, list);
    }
    return list;
  };
  return {
    exchange({ path, request, response }: Exchange, onEnd, onPart) {
      connection.request(requestOf(path), new Call(response.length, onEnd, onPart), request, true);
    },
    hold: () =>
      new Promise((resolve, reject) => {
        let missing = idle.part.length;
        const handler: StreamHandler = {
          onData(data, _endStream, stream) {
            stream.credit(data.length);
            missing -= data.length;
            if (missing === 0) resolve();
          },
          onReset: ({ message }) => reject(new Error(message)),
        };
        connection.request(requestOf(idle.path), handler, idle.part);
      }),
    close: () => connection.destroy(),
  };
};
