// The HTTP/2 server transport with methods that a test controls, and a client whose frames the test
// writes.
import { once } from "node:events";
import { onTestFinished } from "vitest";
import { data, flag, headers, type } from "../../http2/test/raw/frames.ts";
import { block, type Fields } from "../../http2/test/raw/hpack.ts";
import { type RawPeer, type RawPeerOptions, readyClient } from "../../http2/test/raw/peer.ts";
import type { ServerLimits } from "../src/limits/limits.ts";
import type { Status } from "../src/protocol/status.ts";
import type { ServerTls } from "../src/security/tls.ts";
import { createHttp2ServerTransport, type Http2ServerOptions, type Http2ServerTransport } from "../src/transport/http2/server/transport.ts";
import type { ListenAddress, ServedMethod, ServerListener, ServerStream } from "../src/transport/server.ts";

/** Records the events of a call in order. */
export class ServedCall implements ServerListener {
  readonly stream: ServerStream;
  readonly events: string[] = [];
  readonly messages: Buffer[] = [];
  cancelled: Status | undefined;
  constructor(stream: ServerStream) {
    this.stream = stream;
  }
  onMessage(message: Buffer, compressed: boolean): void {
    this.messages.push(message);
    this.events.push(`message ${message.length}${compressed ? " compressed" : ""}`);
  }
  onHalfClose(): void {
    this.events.push("half-close");
  }
  onDrain(): void {
    this.events.push("drain");
  }
  onCancel(status: Status): void {
    this.cancelled = status;
    this.events.push(`cancel ${status.code}`);
  }
}

export class Served {
  readonly transport: Http2ServerTransport;
  readonly calls: ServedCall[] = [];
  /** Called when a call has begun. The request of a unary call is available then. */
  onCall: (call: ServedCall) => void = () => {};
  port = 0;
  readonly errors: unknown[] = [];

  constructor(limits: Partial<ServerLimits> = {}, options: Http2ServerOptions = {}) {
    this.transport = createHttp2ServerTransport(limits, { onError: (error) => this.errors.push(error), ...options });
    this.#add("Unary", false, false, false);
    this.#add("EarlyUnary", false, false, true);
    this.#add("ServerStream", false, true, false);
    this.#add("ClientStream", true, false, true);
    this.#add("BidiStream", true, true, true);
  }

  #add(name: string, requestStream: boolean, responseStream: boolean, early: boolean): void {
    const begin = (stream: ServerStream) => {
      const call = new ServedCall(stream);
      this.calls.push(call);
      return call;
    };
    const method: ServedMethod = {
      path: `/test.v1.TestService/${name}`,
      requestStream,
      responseStream,
      early,
      open: (stream) => {
        const call = begin(stream);
        this.onCall(call);
        return call;
      },
      answer: (stream, request, compressed) => {
        const call = begin(stream);
        call.messages.push(request);
        if (compressed) call.events.push("compressed");
        this.onCall(call);
        return call;
      },
    };
    this.transport.add(method);
  }

  async listen(address: ListenAddress = { host: "127.0.0.1", port: 0 }, tls?: ServerTls): Promise<this> {
    this.port = (await this.transport.listen(address, tls)).port;
    return this;
  }

  /** Connects a client whose frames the test writes. */
  async client(options?: RawPeerOptions): Promise<RawPeer> {
    const peer = await readyClient(this.port, options);
    onTestFinished(() => void peer.socket.destroy());
    return peer;
  }
}

export async function serve(limits?: Partial<ServerLimits>, options?: Http2ServerOptions): Promise<Served> {
  const served = new Served(limits, options);
  onTestFinished(() => served.transport.destroy());
  return served.listen();
}

/** The HEADERS of a call. `more` overrides fields, and removes those with an undefined value. */
export function callHeaders(
  stream: number,
  method = "Unary",
  more: Readonly<Record<string, string | undefined>> = {},
  flags: number = flag.endHeaders,
  fields: Fields = [],
): Buffer {
  const all = {
    ":method": "POST",
    ":scheme": "http",
    ":path": `/test.v1.TestService/${method}`,
    ":authority": "localhost",
    "content-type": "application/grpc",
    te: "trailers",
    "user-agent": "frames",
    ...more,
  };
  const given = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return headers(stream, block([...given, ...fields]), flags);
}

export const dataFrame = (stream: number, bytes: Uint8Array, end = false): Buffer => data(stream, bytes, end ? flag.endStream : flag.none);

/** Describes the frames on a stream until it ends. */
export async function ending(peer: RawPeer, stream: number): Promise<string[]> {
  await peer.streamEnd(stream);
  // RST_STREAM may follow END_STREAM.
  await peer.ping(`end ${stream}`);
  const words: string[] = [];
  for (const frame of peer.frames) {
    if (frame.stream !== stream || frame.kind === type.windowUpdate) continue;
    const name = Object.entries(type).find(([, value]) => value === frame.kind)?.[0] ?? String(frame.kind);
    if (frame.kind === type.rstStream) words.push(`${name} ${frame.payload.readUInt32BE(0)}`);
    else words.push(`${name}${(frame.flags & flag.endStream) === 0 ? "" : " END_STREAM"}`);
  }
  return words;
}

/** Waits until the socket has closed. */
export async function closed(peer: RawPeer): Promise<void> {
  if (!peer.socket.closed) await once(peer.socket, "close");
}
