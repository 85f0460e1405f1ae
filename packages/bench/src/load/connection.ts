// Minimal gRPC calls on the engine's client: prepared bodies, and a check of the status and length.
import { readFileSync } from "node:fs";
import { type ClientConnection, type ConnectionOptions, connect, HeaderList, type Stream, type StreamHandler } from "@grpc-study/http2";
import type { Target } from "../peers/peer.ts";

/** Called once, with an error unless the call ended with OK and the expected number of bytes. */
export type OnEnd = (error?: Error) => void;

export class Connection {
  readonly #connection: ClientConnection;
  readonly #pseudo: { readonly method: string; readonly scheme: string; readonly authority: string };
  readonly #lists = new Map<string, HeaderList>();

  private constructor(connection: ClientConnection, { port, ca }: Target) {
    this.#connection = connection;
    this.#pseudo = { method: "POST", scheme: ca === null ? "http" : "https", authority: `localhost:${port}` };
  }

  /** Resolves once the server's SETTINGS have arrived. */
  static async open(target: Target, options?: ConnectionOptions): Promise<Connection> {
    const tls = target.ca === null ? undefined : { ca: readFileSync(target.ca), servername: "localhost" };
    const connection = await connect({ host: "127.0.0.1", port: target.port, ...options, ...(tls && { tls }) });
    return new Connection(connection, target);
  }

  /**
   * Makes a call with prepared requests. Takes callbacks, because a promise costs up to a tenth of
   * a call.
   *
   * @param expected the total size of the responses, in bytes.
   */
  call(path: string, body: Buffer, expected: number, onEnd: OnEnd, onChunk?: (chunk: Buffer) => void): void {
    this.#connection.request(this.#request(path), new Call(expected, onEnd, onChunk), body, true);
  }

  /**
   * Sends a message, waits for a response of the same size, and repeats while `more` returns true.
   */
  pingPong(path: string, message: Buffer, more: () => boolean, onEnd: OnEnd): void {
    if (more()) this.#connection.request(this.#request(path), new PingPong(message, more, onEnd), message);
    else onEnd();
  }

  /** Opens a stream, exchanges one message in each direction, and leaves it open. */
  hold(path: string, message: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#connection.request(this.#request(path), new Held(message.length, resolve, reject), message);
    });
  }

  /**
   * Sends a request, and does not read the responses. Resolves once the response headers arrive.
   */
  stall(path: string, body: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const handler: StreamHandler = { onHeaders: () => resolve(), onReset: ({ message }) => reject(new Error(message)) };
      this.#connection.request(this.#request(path), handler, body, true);
    });
  }

  close(): void {
    this.#connection.destroy();
  }

  #request(path: string): HeaderList {
    let list = this.#lists.get(path);
    if (list === undefined) {
      list = HeaderList.request({ ...this.#pseudo, path }, [
        ["content-type", "application/grpc"],
        ["te", "trailers"],
        // All gRPC clients send it. Without it, the server of `rpc` treats the load as a bare
        // node:http2 client, for which a half-close may mean cancel.
        ["user-agent", "grpc-study-bench"],
      ]);
      this.#lists.set(path, list);
    }
    return list;
  }
}

/** The error of a response. Returns `undefined` if it is correct. */
function fault(status: number | undefined, trailers: HeaderList, received: number, expected: number): Error | undefined {
  const grpcStatus = trailers.get("grpc-status");
  if (status === 200 && grpcStatus === "0" && received === expected) return undefined;
  return new Error(`status ${status}, ${received} of ${expected} bytes, grpc-status ${grpcStatus} ${trailers.get("grpc-message") ?? ""}`);
}

class Call implements StreamHandler {
  readonly #expected: number;
  readonly #onEnd: OnEnd;
  readonly #onChunk: ((chunk: Buffer) => void) | undefined;
  #received = 0;
  #status: number | undefined;

  constructor(expected: number, onEnd: OnEnd, onChunk?: (chunk: Buffer) => void) {
    this.#expected = expected;
    this.#onEnd = onEnd;
    this.#onChunk = onChunk;
  }

  onHeaders(headers: HeaderList, endStream: boolean): void {
    this.#status = headers.status;
    // A trailers-only response.
    if (endStream) this.#onEnd(fault(headers.status, headers, 0, this.#expected));
  }

  onData(data: Buffer, endStream: boolean, stream: Stream): void {
    this.#received += data.length;
    stream.credit(data.length);
    this.#onChunk?.(data);
    if (endStream) this.#onEnd(new Error("the response has no trailers"));
  }

  onTrailers(trailers: HeaderList): void {
    this.#onEnd(fault(this.#status, trailers, this.#received, this.#expected));
  }

  onReset({ message }: { readonly message: string }): void {
    this.#onEnd(new Error(message));
  }
}

class PingPong implements StreamHandler {
  readonly #message: Buffer;
  readonly #more: () => boolean;
  readonly #onEnd: OnEnd;
  #missing: number;
  #status: number | undefined;

  constructor(message: Buffer, more: () => boolean, onEnd: OnEnd) {
    this.#message = message;
    this.#missing = message.length;
    this.#more = more;
    this.#onEnd = onEnd;
  }

  onHeaders(headers: HeaderList, endStream: boolean): void {
    this.#status = headers.status;
    if (endStream) this.#onEnd(fault(headers.status, headers, 0, this.#message.length));
  }

  onData(data: Buffer, endStream: boolean, stream: Stream): void {
    stream.credit(data.length);
    this.#missing -= data.length;
    if (endStream) this.#onEnd(new Error("the response has no trailers"));
    if (this.#missing > 0) return;
    if (this.#more()) {
      this.#missing = this.#message.length;
      stream.write(this.#message);
    } else stream.end();
  }

  onTrailers(trailers: HeaderList): void {
    // `#missing` is zero after a complete last response.
    this.#onEnd(fault(this.#status, trailers, -this.#missing, 0));
  }

  onReset({ message }: { readonly message: string }): void {
    this.#onEnd(new Error(message));
  }
}

class Held implements StreamHandler {
  #missing: number;
  readonly #resolve: () => void;
  readonly #reject: (error: Error) => void;

  constructor(missing: number, resolve: () => void, reject: (error: Error) => void) {
    this.#missing = missing;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onData(data: Buffer, _endStream: boolean, stream: Stream): void {
    stream.credit(data.length);
    this.#missing -= data.length;
    if (this.#missing === 0) this.#resolve();
  }

  onReset({ message }: { readonly message: string }): void {
    this.#reject(new Error(message));
  }
}
