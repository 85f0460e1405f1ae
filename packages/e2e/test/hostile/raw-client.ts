// A raw client: a socket to which a test writes any bytes, and the frames that received back.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type Fields, type FrameHeader, FrameReader, flag, ping, preface, settings, settingsAck, type } from "./frames.ts";

export interface RawClientOptions {
  /**
   * Whether the client sends the preface and its settings, and acknowledges the peer's settings.
   * Default: true.
   */
  readonly begin?: boolean;
  /** Whether the client reads. Default: true. */
  readonly read?: boolean;
}

export class RawClient implements Disposable {
  readonly socket: Socket;
  readonly frames: FrameHeader[] = [];
  readonly #acknowledge: boolean;
  /** Resolves when the connection is closed. */
  readonly closed: Promise<unknown>;
  #pings = 0;
  readonly #waiters: { match(frame: FrameHeader): boolean; resolve(frame: FrameHeader | undefined): void }[] = [];

  constructor(socket: Socket, { begin = true, read = true }: RawClientOptions) {
    this.socket = socket;
    this.#acknowledge = begin;
    // The test judges what the peer does to this connection.
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => socket.once("close", resolve));
    socket.once("close", () => {
      for (const { resolve } of this.#waiters) resolve(undefined);
    });
    const reader = new FrameReader();
    if (read) {
      socket.on("data", (bytes: Buffer) => {
        for (const frame of reader.read(bytes)) this.#take(frame);
      });
    }
    if (begin) this.write(preface, settings());
  }

  #take(frame: FrameHeader): void {
    this.frames.push(frame);
    if (this.#acknowledge && frame.kind === type.settings && frame.flags === 0) this.write(settingsAck);
    for (const [index, { match, resolve }] of [...this.#waiters.entries()].reverse()) {
      if (!match(frame)) continue;
      this.#waiters.splice(index, 1);
      resolve(frame);
    }
  }

  write(...frames: readonly Uint8Array[]): void {
    if (this.socket.writable) this.socket.write(Buffer.concat(frames));
  }

  /**
   * Writes, and waits until there is room for more. Resolves to `false` once the connection is
   * closed.
   */
  async pour(bytes: Uint8Array): Promise<boolean> {
    if (!this.socket.writable) return false;
    if (this.socket.write(bytes)) return true;
    await Promise.race([once(this.socket, "drain").catch(() => {}), this.closed]);
    return this.socket.writable;
  }

  /**
   * Resolves with the first received frame that matches, now or later; `undefined` if the
   * connection closes first.
   */
  frame(match: (frame: FrameHeader) => boolean): Promise<FrameHeader | undefined> {
    const received = this.frames.find(match);
    return received === undefined ? this.#next(match) : Promise.resolve(received);
  }

  /**
   * How a stream ended: the code of a reset, `end` for a normal end, or `closed` if the connection
   * closed.
   */
  async outcome(stream: number): Promise<number | "end" | "closed"> {
    const frame = await this.frame(
      (frame) => frame.stream === stream && (frame.kind === type.rstStream || ((frame.flags & 1) === 1 && frame.kind <= type.headers)),
    );
    if (frame === undefined) return "closed";
    return frame.kind === type.rstStream ? frame.payload.readUInt32BE(0) : "end";
  }

  /**
   * Resolves with the error code of the GOAWAY frame once the connection is closed; `undefined`
   * without a GOAWAY.
   */
  async goaway(): Promise<number | undefined> {
    await this.closed;
    return this.frames.findLast(({ kind }) => kind === type.goaway)?.payload.readUInt32BE(4);
  }

  /**
   * Sends a PING and waits for the reply. The peer reads in order, so it has read everything before
   * it. Resolves to `false` if the connection closes first.
   */
  async ping(): Promise<boolean> {
    // The reply differs from those to a flood of PING.
    const own = Buffer.alloc(8);
    own.writeUInt32BE(++this.#pings);
    this.write(ping(flag.none, own));
    const isReply = ({ kind, flags, payload }: FrameHeader) => kind === type.ping && flags === flag.ack && payload.equals(own);
    return (await this.#next(isReply)) !== undefined;
  }

  #next(match: (frame: FrameHeader) => boolean): Promise<FrameHeader | undefined> {
    if (this.socket.closed) return Promise.resolve(undefined);
    return new Promise((resolve) => this.#waiters.push({ match, resolve }));
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

export async function rawClient(address: string, options: RawClientOptions = {}): Promise<RawClient> {
  const [host = "", port] = address.split(":");
  const socket = connect({ host, port: Number(port), noDelay: true });
  await once(socket, "connect");
  return new RawClient(socket, options);
}

/** The header of a valid call. */
export function callHeader(path: string, more: Fields = []): Fields {
  return [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "localhost"],
    ["te", "trailers"],
    ["content-type", "application/grpc"],
    ...more,
  ];
}
