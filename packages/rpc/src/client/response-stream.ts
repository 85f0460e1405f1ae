// A call with a stream of responses: server streaming, or bidirectional.
import type { Message } from "@bufbuild/protobuf";
import type { ClientStream } from "../transport/client.ts";
import { Call } from "./call.ts";
import { ReceiveQueue, type Result } from "./receive-queue.ts";

export class ResponseStreamCall extends Call {
  readonly #responses = new ReceiveQueue(this);

  /**
   * Resolves with the next response, or undefined after the last one. Rejects if the call failed.
   */
  recv(): Promise<Message | undefined> {
    this.checkSignal();
    return this.#responses.recv();
  }

  next(): Promise<Result> {
    this.checkSignal();
    return this.#responses.next();
  }

  protected override pull(stream: ClientStream): void {
    this.#responses.begin(stream);
  }

  protected override receive(message: Buffer, compressed: boolean): void {
    this.#responses.push(message, compressed);
  }

  protected override endFault(): undefined {
    return undefined;
  }

  protected override dropResponses(): void {
    this.#responses.clear();
  }

  protected override finished(): void {
    this.#responses.end();
  }
}
