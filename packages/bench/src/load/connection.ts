// gRPC calls over the engine's client with no more than they need: a prepared body, and a look at how the call ended.
import { readFileSync } from "node:fs";
import { type ClientConnection, type ConnectionOptions, connect, HeaderList, type Stream, type StreamHandler } from "@grpc-study/http2";
import type { Target } from "../peers/peer.ts";

/** Called once. It gets an error unless the call ended with OK, and with as many bytes as were expected. */
export type OnEnd = (error?: Error) => void;

export class Connection {
  readonly #connection: ClientConnection;
  readonly #pseudo: { readonly method: string; readonly scheme: string; readonly authority: string };
  readonly #lists = new Map<string, HeaderList>();

  private constructor(connection: ClientConnection, { port, ca }: Target) {
    this.#connection = connection;
    this.#pseudo = { method: "POST", scheme: ca === null ? "http" : "https", authority: `localhost:${port}` };
  }

  /** Resolves once the server's SETTINGS have come. */
  static async open(target: Target, options?: ConnectionOptions): Promise<Connection> {
    const tls = target.ca === null ? undefined : { ca: readFileSync(target.ca), servername: "localhost" };
    const connection = await connect({ host: "127.0.0.1", port: target.port, ...options, ...(tls && { tls }) });
    return new Connection(connection, target);
  }

  /**
   * Makes a call whose requests are at hand. It takes callbacks: a promise costs as much as a tenth of a call.
   * @param expected the bytes of all responses
   */
  call(path: string, body: Buffer, expected: number, onEnd: OnEnd, onPart?: (part: Buffer) => void): void {
    this.#connection.request(this.#request(path), new Call(expected, onEnd, onPart), body, true);
  }

  /** Sends a message, waits for an answer of the same size, and so on as long as `more` says so. */
  pingPong(path: string, message: Buffer, more: () => boolean, onEnd: OnEnd): void {
    if (more()) this.#connection.request(this.#request(path), new PingPong(message, more, onEnd), message);
    else onEnd();
  }

  /** Opens a stream on which a message goes each way, and leaves it open. */
  hold(path: string, message: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#connection.request(this.#request(path), new Held(message.length, resolve, reject), message);
    });
  }

  /** Sends a request, and reads nothing of the responses. Resolves once their header has come. */
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
        // As every client of gRPC. Without it `rpc` takes the load for a bare node:http2, whose half-close may be a cancel.
        ["user-agent", "grpc-study-bench"],
      ]);
      this.#lists.set(path, list);
    }
    return list;
  }
}

/** How a response ended: undefined if it is right. */
function fault(status: number | undefined, trailers: HeaderList, received: number, expected: number): Error | undefined {
  const grpcStatus = trailers.get("grpc-status");
  if (status === 200 && grpcStatus === "0" && received === expected) return undefined;
  return new Error(`status ${status}, ${received} of ${expected} bytes, grpc-status ${grpcStatus} ${trailers.get("grpc-message") ?? ""}`);
}

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
    // The trailers came without a header.
    if (endStream) this.#onEnd(fault(headers.status, headers, 0, this.#expected));
  }

  onData(data: Buffer, endStream: boolean, stream: Stream): void {
    this.#received += data.length;
    stream.credit(data.length);
    this.#onPart?.(data);
    if (endStream) this.#onEnd(new Error("a response without trailers"));
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
    if (endStream) this.#onEnd(new Error("a response without trailers"));
    if (this.#missing > 0) return;
    if (this.#more()) {
      this.#missing = this.#message.length;
      stream.write(this.#message);
    } else stream.end();
  }

  onTrailers(trailers: HeaderList): void {
    // Nothing is missing after the last answer.
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
