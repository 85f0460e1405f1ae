// An echo server on the engine, the target of most tests.
import {
  type Connection,
  createServer,
  HeaderList,
  type Server,
  type ServerOptions,
  type Stream,
  type StreamHandler,
} from "../src/index.ts";

const ok = HeaderList.response(200);

/**
 * Echoes each part, and credits it once it has been sent. Echoes the request's trailers.
 */
export class Echo implements StreamHandler {
  readonly #stream: Stream;
  #responded = false;
  #uncredited = 0;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  onData(data: Buffer, endStream: boolean): void {
    this.#respond();
    this.#uncredited += data.length;
    if (this.#stream.write(data, endStream)) this.onDrain();
  }

  onTrailers(trailers: HeaderList): void {
    this.#respond();
    this.#stream.sendTrailers(trailers);
  }

  onDrain(): void {
    this.#stream.credit(this.#uncredited);
    this.#uncredited = 0;
  }

  #respond(): void {
    if (!this.#responded) this.#stream.sendHeaders(ok);
    this.#responded = true;
  }
}

export interface EchoServer extends AsyncDisposable {
  readonly port: number;
  readonly server: Server;
  /** All accepted connections. */
  readonly accepted: readonly Connection[];
  /** Errors from handlers and connections. */
  readonly errors: readonly unknown[];
}

const greeting = Buffer.from("hello, world");

/** Responds to a request without a body with a greeting. */
export async function echoServer(options: Partial<ServerOptions> = {}): Promise<EchoServer> {
  const accepted: Connection[] = [];
  const errors: unknown[] = [];
  const server = createServer({
    onStream(stream, _headers, endStream) {
      if (endStream) stream.respond(ok, greeting);
      return new Echo(stream);
    },
    onConnection: (connection) => accepted.push(connection),
    onError: (error) => errors.push(error),
    ...options,
  });
  const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
  return {
    port,
    server,
    accepted,
    errors,
    async [Symbol.asyncDispose]() {
      server.destroy();
    },
  };
}
