// The requests of a call that streams them: kept until the call begins, then sent by its stream.
import { MessageQueue } from "../protocol/message-queue.ts";
import type { ClientStream } from "../transport/client.ts";
import { Settling } from "./rejection.ts";

/** How many bytes of requests may wait until interceptors let the call begin. */
const window = 64 * 1024;

export const taken: Promise<boolean> = Promise.resolve(true);
export const notTaken: Promise<boolean> = Promise.resolve(false);

export class SendQueue {
  /** Undefined once the call has begun. */
  #waiting: MessageQueue | undefined = new MessageQueue();
  #stream: ClientStream | undefined = undefined;
  #room: Settling<boolean> | undefined = undefined;
  #over = false;
  /** Whether the caller has half-closed. */
  closed = false;

  /** Sends what waits, and everything from now on, by the stream. */
  begin(stream: ClientStream): void {
    this.#stream = stream;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    let room = true;
    for (let request = waiting?.shift(); request !== undefined; request = waiting?.shift()) {
      room = stream.send(request.bytes, request.compressed);
    }
    if (room) this.drained();
    if (this.closed) stream.halfClose();
  }

  /** Returns whether there is room for more. After false, `room` resolves when there is. */
  send(bytes: Buffer, compress: boolean): boolean {
    if (this.#stream !== undefined) return this.#stream.send(bytes, compress);
    this.#waiting?.push(bytes, compress);
    return (this.#waiting?.bytes ?? 0) < window;
  }

  /** Resolves to true once there is room for more, and to false if the call has ended. */
  get room(): Promise<boolean> {
    if (this.#over) return notTaken;
    this.#room ??= new Settling();
    return this.#room.promise;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#stream?.halfClose();
  }

  /** Lets senders go on. */
  drained(): void {
    const room = this.#room;
    this.#room = undefined;
    room?.resolve(true);
  }

  /** Tells senders that the call has ended. */
  end(): void {
    this.#over = true;
    this.#waiting = undefined;
    const room = this.#room;
    this.#room = undefined;
    room?.resolve(false);
  }
}
