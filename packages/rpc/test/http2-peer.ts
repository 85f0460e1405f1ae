// Peers based on node:http2 alone. They can send data that no gRPC library sends.
import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
  type Settings,
} from "node:http2";
import { type AddressInfo, connect as connectSocket } from "node:net";
import { onTestFinished } from "vitest";

/**
 * Returns a message with its five-byte prefix.
 * @param length the length in the prefix. A test may set a wrong one.
 */
export function frame(bytes: Uint8Array = Buffer.alloc(0), flag = 0, length = bytes.length): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, bytes]);
}

export class Peer {
  readonly session: ClientHttp2Session;

  /** @param settings the HTTP/2 settings that the server receives. */
  constructor(address: string, settings: Settings = {}) {
    // Exceeds Node's default of 10 MB, beyond which it opens no streams.
    const path = /^unix:(.*)/.exec(address)?.[1];
    this.session =
      path === undefined
        ? connect(`http://${address}`, { maxSessionMemory: 1_000, settings })
        : connect("http://localhost", { createConnection: () => connectSocket(path) });
    this.session.on("error", () => {});
    onTestFinished(() => this.session.destroy());
  }

  /** Begins a call to a method of the test service. */
  call(method: string, headers: OutgoingHttpHeaders = {}): PeerCall {
    return new PeerCall(
      this.session.request({
        ":method": "POST",
        ":path": `/test.v1.TestService/${method}`,
        te: "trailers",
        "content-type": "application/grpc",
        "user-agent": "peer",
        ...headers,
      }),
    );
  }
}

export class PeerCall {
  readonly stream: ClientHttp2Stream;
  #headers: IncomingHttpHeaders = {};
  /** Resolves with the headers and trailers of the response when the call has ended. */
  readonly ended: Promise<IncomingHttpHeaders>;

  constructor(stream: ClientHttp2Stream) {
    this.stream = stream;
    const take = (headers: IncomingHttpHeaders) => {
      this.#headers = { ...this.#headers, ...headers };
    };
    this.ended = new Promise((resolve) => {
      const end = () => resolve(this.#headers);
      stream
        .on("response", take)
        .on("trailers", take)
        .on("end", end)
        .on("close", end)
        .on("error", () => {});
    });
    stream.resume();
  }

  /** The status code that the call ended with. */
  async status(): Promise<number> {
    return Number((await this.ended)["grpc-status"] ?? Number.NaN);
  }
}

/** Starts a server that handles every call with `answer`. Returns its address. */
export async function peerServer(answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void): Promise<string> {
  const server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    answer(stream, headers);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The memory in use after a garbage collection, in MiB. */
export function heldMib(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}
