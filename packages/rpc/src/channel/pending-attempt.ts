// An attempt that waits for its connection. It keeps what the call sends and asks for in the meantime.
import type { Code } from "../protocol/code.ts";
import type { RpcError } from "../protocol/error.ts";
import type { ClientStream, OutgoingCall } from "../transport/client.ts";
import type { AttemptListener, Connection } from "../transport/connection.ts";

/** Where it waits. */
export interface WaitingRoom {
  /** What it waits for, as messages name it. */
  readonly waitsFor: string | undefined;
  /** The attempt does not wait any more. */
  leave(attempt: PendingAttempt): void;
}

export class PendingAttempt implements ClientStream {
  readonly call: OutgoingCall;
  /** `performance.now()` when it came. */
  readonly sinceMs: number;
  readonly #listener: AttemptListener;
  readonly #room: WaitingRoom;
  #stream: ClientStream | undefined;
  #messages: Buffer[] | undefined;
  #compress: boolean[] | undefined;
  #pulls = 0;
  #halfClosed = false;
  #ended = false;
  /** The queue's own. */
  queued = false;
  previous: PendingAttempt | undefined;
  next: PendingAttempt | undefined;

  constructor(call: OutgoingCall, listener: AttemptListener, room: WaitingRoom, nowMs: number) {
    this.call = call;
    this.sinceMs = nowMs;
    this.#listener = listener;
    this.#room = room;
    this.#stream = undefined;
    this.#messages = undefined;
    this.#compress = undefined;
    this.previous = undefined;
    this.next = undefined;
  }

  get peer(): string | undefined {
    return this.#stream?.peer;
  }

  get waitsFor(): string | undefined {
    return this.#stream === undefined ? this.#room.waitsFor : undefined;
  }

  send(message: Buffer, compress: boolean): boolean {
    if (this.#stream !== undefined) return this.#stream.send(message, compress);
    if (this.#ended) return true;
    this.#messages ??= [];
    this.#compress ??= [];
    this.#messages.push(message);
    this.#compress.push(compress);
    return false;
  }

  halfClose(): void {
    if (this.#stream === undefined) this.#halfClosed = true;
    else this.#stream.halfClose();
  }

  pull(): void {
    if (this.#stream === undefined) this.#pulls++;
    else this.#stream.pull();
  }

  cancel(code: Code, message: string): void {
    if (this.#stream !== undefined) this.#stream.cancel(code, message);
    else if (!this.#ended) {
      this.#end();
      this.#room.leave(this);
    }
  }

  /** Opens the attempt. It has left the queue. */
  start(connection: Connection): void {
    const stream = connection.open(this.call, this.#listener);
    this.#stream = stream;
    for (; this.#pulls > 0; this.#pulls--) stream.pull();
    const messages = this.#messages;
    if (messages !== undefined) {
      let room = true;
      for (let i = 0; i < messages.length; i++) room = stream.send(messages[i] as Buffer, this.#compress?.[i] ?? false);
      this.#messages = undefined;
      this.#compress = undefined;
      // `send` has returned false while it waited.
      if (room && !this.#halfClosed) this.#listener.onDrain();
    }
    if (this.#halfClosed) stream.halfClose();
  }

  /** Ends the wait: there is no connection. It has left the queue. */
  fail({ code, message, cause }: RpcError): void {
    if (this.#ended) return;
    this.#end();
    this.#listener.onEnd({ code, message, metadata: undefined, cause }, "processed", undefined);
  }

  #end(): void {
    this.#ended = true;
    this.#messages = undefined;
    this.#compress = undefined;
  }
}

const nowhere: WaitingRoom = { waitsFor: undefined, leave() {} };

/**
 * An attempt that finds no connection, and does not wait for one. It ends in the next turn of the event loop, and not by a microtask: a program that calls again and
 * again would leave no time to connect.
 */
export function failedAttempt(error: RpcError, call: OutgoingCall, listener: AttemptListener): PendingAttempt {
  const attempt = new PendingAttempt(call, listener, nowhere, 0);
  setImmediate(() => attempt.fail(error));
  return attempt;
}
