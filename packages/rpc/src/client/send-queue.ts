// Queues the requests of a streaming call until it begins, and then passes them to its stream.
import { MessageQueue } from "../protocol/message-queue.ts";
import type { ClientStream } from "../transport/client.ts";
import { Settling } from "./rejection.ts";

/** How many bytes of requests the queue accepts before it asks the sender to wait. */
const window = 64 * 1024;

export const taken: Promise<boolean> = Promise.resolve(true);
export const notTaken: Promise<boolean> = Promise.resolve(false);

export class SendQueue {
  /** Undefined once the call has begun. */
  #waiting: MessageQueue | undefined = new MessageQueue();
  #stream: ClientStream | undefined = undefined;
  #room: Settling<boolean> | undefined = undefined;
  #ended = false;
  /** True once the caller has half-closed. */
  closed = false;

  /** Sends the queued requests, and passes later ones to the stream. */
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

  /**
   * Returns whether there is room for another request. After false, `room` resolves once there is.
   */
  send(bytes: Buffer, compress: boolean): boolean {
    if (this.#stream !== undefined) return this.#stream.send(bytes, compress);
    this.#waiting?.push(bytes, compress);
    return (this.#waiting?.bytes ?? 0) < window;
  }

  /**
   * Resolves to true once there is room for another request, and to false if the call has ended.
   */
  get room(): Promise<boolean> {
    if (this.#ended) return notTaken;
    this.#room ??= new Settling();
    return this.#room.promise;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#stream?.halfClose();
  }

  /** Resumes a waiting sender. */
  drained(): void {
    const room = this.#room;
    this.#room = undefined;
    room?.resolve(true);
  }

  /** Resolves a waiting sender to false: the call has ended. */
  end(): void {
    this.#ended = true;
    this.#waiting = undefined;
    const room = this.#room;
    this.#room = undefined;
    room?.resolve(false);
  }
}
