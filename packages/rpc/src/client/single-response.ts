// A call with one response: unary, or client streaming.
import type { Message } from "@bufbuild/protobuf";
import type { RpcError } from "../protocol/error.ts";
import type { ClientStream } from "../transport/client.ts";
import { Call } from "./call.ts";
import { wrongCount } from "./call-errors.ts";
import { Settling } from "./rejection.ts";

export class SingleResponseCall extends Call {
  #response: Message | undefined = undefined;
  #reader: Settling<Message> | undefined = undefined;

  /** Resolves with the response once the call has ended. */
  read(): Promise<Message> {
    if (this.#reader === undefined) {
      this.#reader = new Settling();
      this.checkSignal();
      if (this.ended) this.#settle(this.#reader);
    }
    return this.#reader.promise;
  }

  protected override pull(stream: ClientStream): void {
    stream.pull();
    // Also pulls a second response, to detect a server that sends more than one.
    stream.pull();
  }

  protected override receive(message: Buffer, compressed: boolean): void {
    if (this.#response !== undefined) {
      this.cancel(this.fresh(wrongCount(this.method, "more than one response")));
      return;
    }
    try {
      this.#response = this.parse(message, compressed);
    } catch {
      // `parse` has ended the call.
    }
  }

  protected override endFault(): RpcError | undefined {
    return this.#response === undefined ? wrongCount(this.method, "no response") : undefined;
  }

  protected override dropResponses(): void {
    this.#response = undefined;
  }

  protected override finished(): void {
    if (this.#reader !== undefined) this.#settle(this.#reader);
  }

  #settle(reader: Settling<Message>): void {
    const response = this.#response;
    const failure = this.readEnd();
    if (failure === undefined && response !== undefined) reader.resolve(response);
    else reader.reject(failure, this.isFresh(failure));
  }
}
