// One HTTP exchange over node:http or node:http2, without any library.
import { Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { request as requestHttps, Agent as TlsAgent } from "node:https";
import { Code } from "../../../../gen/connectrpc/conformance/v1/config_pb.js";
import type { Fields } from "../result.ts";

/** Where a server listens. */
export interface Endpoint {
  readonly port: number;
  /** The certificate of the CA, in PEM. Without one, the server has no TLS. */
  readonly ca?: string;
  /** The client's certificate and key, in PEM. */
  readonly identity?: { readonly cert: string; readonly key: string };
}

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Fields;
}

export interface HttpHead {
  readonly status: number;
  readonly headers: Fields;
}

export interface HttpExchange {
  /** Sends a part of the body. Resolves once the connection takes more, or there is a response. Over HTTP/1.1, nothing follows it. */
  write(bytes: Uint8Array): Promise<void>;
  end(): void;
  cancel(): void;
  /** Rejects with a ConnectionFailure if there is no response. */
  readonly head: Promise<HttpHead>;
  /** The body; it throws a ConnectionFailure if it is incomplete. */
  body(): AsyncIterable<Uint8Array>;
  /** The HTTP trailers, once the body has been read. */
  trailers(): Fields;
}

/** The connection or the stream ended before the response did. */
export class ConnectionFailure extends Error {
  readonly code: Code;

  constructor(code: Code, message: string) {
    super(message);
    this.code = code;
  }
}

/** Opens exchanges with one endpoint: each with a connection of its own over HTTP/1.1, all on one over HTTP/2. */
export class HttpConnections implements Disposable {
  readonly #endpoint: Endpoint;
  readonly #agent: Agent;
  #session: ClientHttp2Session | undefined;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    this.#agent = endpoint.ca === undefined ? new Agent() : new TlsAgent(this.#tls());
  }

  open(version: 1 | 2, request: HttpRequest): HttpExchange {
    return version === 1 ? this.#open1(request) : this.#open2(request);
  }

  #tls(): object {
    const { ca, identity } = this.#endpoint;
    return { ca, servername: "localhost", ...identity };
  }

  #open1({ method, path, headers }: HttpRequest): HttpExchange {
    const send = this.#endpoint.ca === undefined ? requestHttp : requestHttps;
    const { port } = this.#endpoint;
    const request = send({ host: "127.0.0.1", port, method, path, agent: this.#agent, headers: toRecord(headers), ...this.#tls() });
    return new Exchange1(request);
  }

  #open2({ method, path, headers }: HttpRequest): HttpExchange {
    const { port, ca } = this.#endpoint;
    if (this.#session === undefined || this.#session.closed || this.#session.destroyed) {
      this.#session = connect(ca === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`, {
        ...this.#tls(),
        ...(ca !== undefined && { host: "127.0.0.1", lookup: undefined }),
      });
      this.#session.on("error", () => {});
    }
    const all = { ":method": method, ":path": path, ...toRecord(headers) };
    return new Exchange2(this.#session.request(all, { endStream: false }));
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
    this.#session?.destroy();
  }
}

function toRecord(fields: Fields): Record<string, string | string[]> {
  return Object.fromEntries([...fields].map(([name, values]) => [name, values.length === 1 ? (values[0] ?? "") : values]));
}

export function add(fields: Fields, name: string, value: string): void {
  const key = name.toLowerCase();
  fields.set(key, [...(fields.get(key) ?? []), value]);
}

class Exchange1 implements HttpExchange {
  readonly #request: ClientRequest;
  readonly head: Promise<HttpHead>;
  #response: IncomingMessage | undefined;
  #over = false;
  #cancelled = false;

  constructor(request: ClientRequest) {
    this.#request = request;
    this.head = new Promise((resolve, reject) => {
      request.on("response", (response) => {
        this.#response = response;
        response.on("error", () => {});
        resolve({ status: response.statusCode ?? 0, headers: toFields(response.rawHeaders) });
      });
      request.on("error", (error) => reject(this.#failure(error)));
      request.on("close", () => {
        this.#over = true;
        reject(this.#failure(new Error("closed")));
      });
    });
    this.head.catch(() => {});
  }

  async write(bytes: Uint8Array): Promise<void> {
    // A server that has answered may have closed the connection.
    if (this.#over || this.#request.destroyed || this.#response !== undefined || this.#request.write(bytes)) return;
    await new Promise<void>((resolve) => {
      for (const event of ["drain", "close", "error", "response"]) this.#request.once(event, () => resolve());
    });
  }

  end(): void {
    this.#request.end();
  }

  cancel(): void {
    this.#cancelled = true;
    this.#request.destroy();
  }

  async *body(): AsyncIterable<Uint8Array> {
    await this.head;
    if (this.#response === undefined) return;
    try {
      yield* this.#response;
    } catch (error) {
      throw this.#failure(error);
    }
    if (!this.#response.complete) throw this.#failure(new Error("incomplete"));
  }

  trailers(): Fields {
    return toFields(this.#response?.rawTrailers ?? []);
  }

  #failure(error: unknown): ConnectionFailure {
    return new ConnectionFailure(this.#cancelled ? Code.CANCELED : Code.UNAVAILABLE, String(error));
  }
}

function toFields(raw: readonly string[]): Fields {
  const fields: Fields = new Map();
  for (let index = 0; index + 1 < raw.length; index += 2) add(fields, raw[index] ?? "", raw[index + 1] ?? "");
  return fields;
}

type Headers2 = Readonly<Record<string, unknown>>;

class Exchange2 implements HttpExchange {
  readonly #stream: ClientHttp2Stream;
  readonly head: Promise<HttpHead>;
  #trailers: Fields = new Map();
  #cancelled = false;
  #responded = false;
  /** What has arrived and has not been read. */
  readonly #chunks: Uint8Array[] = [];
  #ended = false;
  #more = Promise.withResolvers<void>();

  constructor(stream: ClientHttp2Stream) {
    this.#stream = stream;
    this.head = new Promise((resolve, reject) => {
      stream.on("response", (headers: Headers2) => {
        this.#responded = true;
        resolve({ status: Number(headers[":status"]), headers: fromHeaders2(headers) });
      });
      stream.on("trailers", (headers: Headers2) => {
        this.#trailers = fromHeaders2(headers);
      });
      stream.on("error", (error) => reject(this.#failure(error)));
      stream.on("close", () => reject(this.#failure(new Error(`the stream ended with code ${stream.rstCode}`))));
    });
    stream.on("data", (chunk: Uint8Array) => {
      this.#chunks.push(chunk);
      this.#wake();
    });
    for (const event of ["end", "close"]) {
      stream.on(event, () => {
        this.#ended = true;
        this.#wake();
      });
    }
    this.head.catch(() => {});
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#stream.closed || this.#stream.destroyed || this.#stream.write(bytes) || this.#responded) return;
    await new Promise<void>((resolve) => {
      for (const event of ["drain", "close", "error", "response", "end"]) this.#stream.once(event, () => resolve());
    });
  }

  end(): void {
    this.#stream.end();
  }

  cancel(): void {
    this.#cancelled = true;
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  async *body(): AsyncIterable<Uint8Array> {
    await this.head;
    while (!this.#ended || this.#chunks.length > 0) {
      yield* this.#chunks.splice(0);
      if (this.#chunks.length === 0 && !this.#ended) await this.#more.promise;
    }
    // A reset ends the stream as well. Trailers show that the response was complete before.
    if ((this.#stream.rstCode ?? 0) !== constants.NGHTTP2_NO_ERROR && this.#trailers.size === 0) throw this.#failure(new Error("reset"));
    if (!this.#stream.readableEnded) throw this.#failure(new Error("incomplete"));
  }

  #wake(): void {
    this.#more.resolve();
    this.#more = Promise.withResolvers();
  }

  trailers(): Fields {
    return this.#trailers;
  }

  /** The code of gRPC for an HTTP/2 stream that was reset (gRPC over HTTP2, "Errors"). */
  #failure(error: unknown): ConnectionFailure {
    if (this.#cancelled) return new ConnectionFailure(Code.CANCELED, "the client has cancelled");
    const codes: Readonly<Record<number, Code>> = {
      [constants.NGHTTP2_CANCEL]: Code.CANCELED,
      [constants.NGHTTP2_REFUSED_STREAM]: Code.UNAVAILABLE,
      [constants.NGHTTP2_ENHANCE_YOUR_CALM]: Code.RESOURCE_EXHAUSTED,
      [constants.NGHTTP2_INADEQUATE_SECURITY]: Code.PERMISSION_DENIED,
    };
    return new ConnectionFailure(codes[this.#stream.rstCode ?? 0] ?? Code.INTERNAL, `${error}, code ${this.#stream.rstCode}`);
  }
}

function fromHeaders2(headers: Headers2): Fields {
  const fields: Fields = new Map();
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(":")) continue;
    for (const one of Array.isArray(value) ? value : [value]) add(fields, name, String(one));
  }
  return fields;
}
