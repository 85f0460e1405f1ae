// A raw peer of either role on a socket: sends any bytes and records the received frames.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describeFrame, type Frame, FrameReader, flag, ping, preface, setting, settings, settingsAck, type } from "./frames.ts";

export interface RawPeerOptions {
  /** The entries of its SETTINGS frame. */
  readonly settings?: readonly (readonly [id: number, value: number])[];
  /** Sends the preface (as a client) and SETTINGS, and acknowledges SETTINGS. Default: `true`. */
  readonly handshake?: boolean;
  /** Reads from its socket. Default: `true`. */
  readonly read?: boolean;
}

/** The time in milliseconds that a peer waits for a frame before the test fails. */
const frameTimeout = 5_000;

export class RawPeer implements Disposable {
  readonly socket: Socket;
  /** The received frames, in order. */
  readonly frames: Frame[] = [];
  /** Resolves when the connection is closed. */
  readonly closed: Promise<void>;
  /** The other side's settings, with the defaults of section 6.5.2. */
  readonly settings = new Map<number, number>([
    [setting.headerTableSize, 4_096],
    [setting.maxConcurrentStreams, Number.POSITIVE_INFINITY],
    [setting.initialWindowSize, 65_535],
    [setting.maxFrameSize, 16_384],
  ]);
  readonly #handshake: boolean;
  #prefaceLeft: number;
  #cursor = 0;
  #wake = () => {};

  constructor(socket: Socket, role: "client" | "server", { settings: own = [], handshake = true, read = true }: RawPeerOptions = {}) {
    this.socket = socket;
    this.#handshake = handshake;
    this.#prefaceLeft = role === "server" ? preface.length : 0;
    // Errors of the socket are for the test to check.
    socket.on("error", () => {});
    this.closed = new Promise((resolve) =>
      socket.once("close", () => {
        resolve();
        this.#wake();
      }),
    );
    if (read) {
      const reader = new FrameReader();
      socket.on("data", (bytes: Buffer) => {
        const skipped = Math.min(this.#prefaceLeft, bytes.length);
        this.#prefaceLeft -= skipped;
        for (const frame of reader.read(bytes.subarray(skipped))) this.#take(frame);
        this.#wake();
      });
    }
    if (handshake) this.send(role === "client" ? preface : Buffer.alloc(0), settings(...own));
  }

  #take(frame: Frame): void {
    this.frames.push(frame);
    if (frame.kind !== type.settings || (frame.flags & flag.ack) !== 0) return;
    for (let at = 0; at + 6 <= frame.payload.length; at += 6) {
      this.settings.set(frame.payload.readUInt16BE(at), frame.payload.readUInt32BE(at + 2));
    }
    if (this.#handshake) this.send(settingsAck);
  }

  send(...bytes: readonly Uint8Array[]): void {
    if (this.socket.writable) this.socket.write(Buffer.concat(bytes));
  }

  /**
   * Sends, and waits until the socket accepts more. Returns `false` once the connection is closed.
   */
  async pour(bytes: Uint8Array): Promise<boolean> {
    if (!this.socket.writable) return false;
    if (this.socket.write(bytes)) await new Promise(setImmediate);
    else await Promise.race([once(this.socket, "drain").catch(() => {}), this.closed]);
    return this.socket.writable;
  }

  /**
   * Returns the next matching frame, or `undefined` if the connection closes first. Skips other
   * frames; the next call continues after the match.
   * @throws if no matching frame arrives in time.
   */
  async next(match: (frame: Frame) => boolean, wanted = "a frame"): Promise<Frame | undefined> {
    const start = this.#cursor;
    for (let deadline = Date.now() + frameTimeout; ; ) {
      for (; this.#cursor < this.frames.length; this.#cursor++) {
        const frame = this.frames[this.#cursor];
        if (frame === undefined || !match(frame)) continue;
        this.#cursor++;
        return frame;
      }
      if (this.socket.closed) return undefined;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`${wanted} did not arrive, got ${this.transcript(start) || "no frames"}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Describes the frames from `start`. */
  transcript(start = 0): string {
    return this.frames.slice(start).map(describeFrame).join(", ");
  }

  /** Returns the frame that ends a stream: END_STREAM or RST_STREAM. */
  streamEnd(stream: number): Promise<Frame | undefined> {
    return this.next((frame) => frame.stream === stream && endsStream(frame), `the end of stream ${stream}`);
  }

  /** Sends a PING and waits for its answer. Returns `false` if the connection closes first. */
  async ping(payload = "barrier"): Promise<boolean> {
    this.send(ping(payload));
    return (await this.next((frame) => isPong(frame, payload), "the answer to PING")) !== undefined;
  }

  /** Returns the error code of RST_STREAM for a stream, if one was received. */
  reset(stream: number): number | undefined {
    return this.frames.find((frame) => frame.kind === type.rstStream && frame.stream === stream)?.payload.readUInt32BE(0);
  }

  /**
   * Waits until the connection is closed. Returns the error code of the last GOAWAY, or
   * `undefined`.
   */
  async goaway(): Promise<number | undefined> {
    if ((await this.next(() => false, "the end of the connection")) !== undefined) throw new Error("unreachable");
    return this.frames.findLast(({ kind }) => kind === type.goaway)?.payload.readUInt32BE(4);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

const endsStream = ({ kind, flags }: Frame): boolean =>
  kind === type.rstStream || ((kind === type.data || kind === type.headers) && (flags & flag.endStream) !== 0);

export const isPong = ({ kind, flags, payload }: Frame, wanted: string): boolean =>
  kind === type.ping && (flags & flag.ack) !== 0 && payload.toString("latin1").replace(/\0+$/, "") === wanted;

/** Connects a raw client to a local server. */
export async function rawClient(port: number, options?: RawPeerOptions): Promise<RawPeer> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  await once(socket, "connect");
  return new RawPeer(socket, "client", options);
}

/** Connects a raw client and completes the handshake: both sides have acknowledged the settings. */
export async function readyClient(port: number, options?: RawPeerOptions): Promise<RawPeer> {
  const peer = await rawClient(port, options);
  await peer.next(({ kind, flags }) => kind === type.settings && flags === flag.ack, "the acknowledgement of SETTINGS");
  if (!peer.frames.some(({ kind, flags }) => kind === type.settings && flags === flag.none)) {
    await peer.next(({ kind, flags }) => kind === type.settings && flags === flag.none, "SETTINGS");
  }
  return peer;
}

/** A server whose connections are raw peers. */
export interface RawServer extends AsyncDisposable {
  readonly port: number;
  /** Returns the next connection, in order of arrival. */
  accept(): Promise<RawPeer>;
}

export async function rawServer(options?: RawPeerOptions): Promise<RawServer> {
  const peers: RawPeer[] = [];
  let accepted = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    peers.push(new RawPeer(socket, "server", options));
    server.emit("peer");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async accept() {
      const index = accepted++;
      for (;;) {
        const peer = peers[index];
        if (peer !== undefined) return peer;
        await once(server, "peer");
      }
    },
    async [Symbol.asyncDispose]() {
      for (const peer of peers) peer.socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
