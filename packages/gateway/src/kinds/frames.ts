// Reads the client's messages from a WebSocket.
import type { Duplex } from "node:stream";
import type { Message } from "@bufbuild/protobuf";
import { Code, RpcError } from "@grpc-study/rpc";
import type { WebSocket } from "ws";
import type { Exchange } from "../exchange.ts";
import { MessageClock } from "./message-clock.ts";

/** Maximum size of buffered frames before the socket is paused, in bytes. */
const window = 64 * 1024;
/** Approximate memory of a frame in addition to its payload, in bytes. */
const overhead = 64;

/** Turns a frame into a message. */
export interface FrameReader {
  /** Whether frames may be binary. */
  readonly binary: boolean;
  /** @throws RpcError INVALID_ARGUMENT or RESOURCE_EXHAUSTED for an invalid message. */
  read(frame: Buffer): Message;
  /** Default: every frame is a message. */
  readonly control?: ControlFrames;
}

/** Frames that are no messages. They are taken after the half-close, too. */
export interface ControlFrames {
  /** Returns whether the frame is one of them. */
  take(frame: Buffer): boolean;
  /** The socket delivers no frames until the upstream takes requests. */
  paused(): void;
}

/**
 * The requests in a WebSocket's frames: JSON in text frames, or the chunks of a
 * `google.api.HttpBody` in text or binary frames. The socket is paused only while more than
 * `window` bytes are buffered, so that a close is noticed at once. Frames after the half-close, or
 * after `return()`, are ignored.
 */
export class Frames implements AsyncIterableIterator<Message, undefined> {
  readonly #socket: WebSocket;
  readonly #reader: FrameReader;
  readonly #clock: MessageClock;
  readonly #frames: Buffer[] = [];
  #bytes = 0;
  #waiter: PromiseWithResolvers<IteratorResult<Message, undefined>> | undefined;
  #closed = false;
  #failure: unknown;

  constructor(socket: WebSocket, connection: Duplex, exchange: Exchange, reader: FrameReader) {
    this.#socket = socket;
    this.#reader = reader;
    const { bodyTimeoutMs } = exchange.settings;
    this.#clock = new MessageClock(connection, bodyTimeoutMs, () => {
      const late = new RpcError(Code.DEADLINE_EXCEEDED, `the message did not arrive within ${bodyTimeoutMs} ms`);
      this.fail(late);
      exchange.cancel(late);
    });
    socket.on("message", (data, binary) => this.#take(data as Buffer, binary));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    this.#waiter ??= Promise.withResolvers();
    const { promise } = this.#waiter;
    this.#deliver();
    return promise;
  }

  return(): Promise<IteratorResult<Message, undefined>> {
    this.#closed = true;
    this.#frames.length = 0;
    this.#bytes = 0;
    this.#resume();
    return Promise.resolve({ done: true, value: undefined });
  }

  fail(reason: unknown): void {
    this.#failure ??= reason;
    this.#deliver();
  }

  #take(data: Buffer, binary: boolean): void {
    const { control } = this.#reader;
    if (!binary && control?.take(data)) return;
    if (this.#closed || this.#failure !== undefined) return;
    if (binary && data.length > 0 && !this.#reader.binary) {
      this.fail(new RpcError(Code.INVALID_ARGUMENT, "unexpected binary frame: send messages as JSON in text frames"));
      return;
    }
    this.#frames.push(data);
    this.#bytes += data.length + overhead;
    this.#deliver();
    if (this.#bytes >= window && !this.#socket.isPaused) {
      this.#socket.pause();
      this.#clock.pause();
      control?.paused();
    }
  }

  #resume(): void {
    if (!this.#socket.isPaused) return;
    this.#socket.resume();
    this.#clock.resume();
  }

  #deliver(): void {
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    const frame = this.#closed ? undefined : this.#frames.shift();
    if (frame !== undefined) this.#bytes -= frame.length + overhead;
    if (this.#bytes < window) this.#resume();
    if (frame?.length === 0) void this.return();
    if (frame === undefined && !this.#closed && this.#failure === undefined) return;

    this.#waiter = undefined;
    if (this.#closed) waiter.resolve({ done: true, value: undefined });
    else if (frame === undefined) waiter.reject(this.#failure);
    else {
      try {
        waiter.resolve({ done: false, value: this.#reader.read(frame) });
      } catch (error) {
        waiter.reject(error);
      }
    }
  }
}
