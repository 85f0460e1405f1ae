// An attempt that waits for a connection. It buffers requests, pulls and the half-close until then.
import type { Code } from "../protocol/code.ts";
import type { RpcError } from "../protocol/error.ts";
import type { ClientStream, OutgoingCall } from "../transport/client.ts";
import type { AttemptListener, Connection } from "../transport/connection.ts";

/** The queue that holds the attempt. */
export interface WaitingRoom {
  /** What the attempt waits for, for error messages. */
  readonly waitsFor: string | undefined;
  /** Removes the attempt. */
  leave(attempt: PendingAttempt): void;
}

export class PendingAttempt implements ClientStream {
  readonly call: OutgoingCall;
  /** `performance.now()` when the wait began. */
  readonly sinceMs: number;
  readonly #listener: AttemptListener;
  readonly #room: WaitingRoom;
  #stream: ClientStream | undefined;
  #messages: Buffer[] | undefined;
  #compress: boolean[] | undefined;
  #pulls = 0;
  #halfClosed = false;
  #ended = false;
  /** The links of `CallQueue`. */
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

  /** Opens the attempt on a connection. The caller has removed it from the queue. */
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
      // Each `send` returned false during the wait, so the sender waits for this.
      if (room && !this.#halfClosed) this.#listener.onDrain();
    }
    if (this.#halfClosed) stream.halfClose();
  }

  /** Fails the attempt. The caller has removed it from the queue. */
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
 * Returns an attempt that fails without waiting for a connection. It ends in the next turn of the
 * event loop rather than in a microtask: a program that retries in a loop would otherwise leave no
 * time to connect.
 */
export function failedAttempt(error: RpcError, call: OutgoingCall, listener: AttemptListener): PendingAttempt {
  const attempt = new PendingAttempt(call, listener, nowhere, 0);
  setImmediate(() => attempt.fail(error));
  return attempt;
}
