// A minimal gRPC server on the HTTP/2 engine. It returns the request of each call, and counts the
// sockets that it accepts.

import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createHttp2Server, HeaderList, type Server as Http2Server, type Stream } from "@grpc-study/http2";
import { onTestFinished } from "vitest";

const header = HeaderList.response(200, [["content-type", "application/grpc"]]);
const trailers = HeaderList.trailers([["grpc-status", "0"]]);

export interface EchoOptions {
  /** Default: 127.0.0.1. */
  readonly host?: string;
  readonly port?: number;
  /** A Unix domain socket, instead of a port. */
  readonly path?: string;
  readonly maxConcurrentStreams?: number;
  /** The delay before each response, in milliseconds. Default: 0. */
  readonly delayMs?: number;
}

export class EchoServer {
  readonly #options: EchoOptions;
  readonly #listener: Server;
  readonly #http2: Http2Server;
  readonly #sockets = new Set<Socket>();
  accepted = 0;
  calls = 0;
  /** The `:authority` of each call. */
  readonly authorities: (string | undefined)[] = [];
  running = 0;
  mostConcurrent = 0;

  constructor(options: EchoOptions) {
    this.#options = options;
    const { maxConcurrentStreams } = options;
    this.#http2 = createHttp2Server({
      limits: { ...(maxConcurrentStreams === undefined ? {} : { maxConcurrentStreams }) },
      onStream: (stream, headers) => this.#serve(stream, headers),
    });
    this.#listener = createServer({ noDelay: true }, (socket) => {
      this.accepted++;
      this.#sockets.add(socket);
      socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket));
      this.#http2.attach(socket);
    });
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  get target(): string {
    return this.#options.path === undefined ? `127.0.0.1:${this.port}` : `unix:${this.#options.path}`;
  }

  async listen(): Promise<void> {
    const { path, host = "127.0.0.1", port = 0 } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#listener.once("error", reject);
      this.#listener.listen(path === undefined ? { host, port } : { path }, resolve);
    });
  }

  /** Shuts down gracefully: sends GOAWAY and waits for running calls. */
  async shutdown(): Promise<void> {
    this.#listener.close();
    await this.#http2.close(5_000);
  }

  /** Ends like a killed process. */
  kill(): void {
    this.#listener.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#http2.destroy();
  }

  #serve(stream: Stream, { authority }: HeaderList) {
    this.calls++;
    if (this.authorities.length < 100) this.authorities.push(authority);
    this.running++;
    this.mostConcurrent = Math.max(this.mostConcurrent, this.running);
    const parts: Uint8Array[] = [];
    return {
      onData: (data: Uint8Array, endStream: boolean) => {
        parts.push(Buffer.from(data));
        stream.credit(data.length);
        if (endStream) setTimeout(() => this.#answer(stream, parts), this.#options.delayMs ?? 0);
      },
      onReset: () => {
        this.running--;
      },
    };
  }

  #answer(stream: Stream, parts: readonly Uint8Array[]): void {
    this.running--;
    stream.respond(header, Buffer.concat(parts), trailers);
  }
}

export async function startEcho(options: EchoOptions = {}): Promise<EchoServer> {
  const server = new EchoServer(options);
  await server.listen();
  onTestFinished(() => server.kill());
  return server;
}
