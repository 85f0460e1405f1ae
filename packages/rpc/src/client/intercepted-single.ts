// An intercepted call with one response: unary, or client streaming.
import type { Message } from "@bufbuild/protobuf";
import { complete, isInner } from "../intercept/messages.ts";
import type { AnyResponse } from "../intercept/types.ts";
import type { ClientView } from "./call-view.ts";
import type { SingleHandle } from "./handles.ts";
import { InterceptedCall } from "./intercepted-call.ts";
import { Settling } from "./rejection.ts";
import { SingleResponseCall } from "./single-response.ts";

export class InterceptedSingle extends InterceptedCall implements SingleHandle {
  #message: Message | undefined = undefined;
  #reader: Settling<Message> | undefined = undefined;

  read(): Promise<Message> {
    if (this.#reader === undefined) {
      this.#reader = new Settling();
      if (this.ended) this.#settle(this.#reader);
    }
    return this.#reader.promise;
  }

  protected override attempt(view: ClientView): Promise<AnyResponse> {
    const attempt = new SingleResponseCall(this.channel, this.method, this.attemptOptions);
    this.launch(attempt, view);
    return attempt.promised();
  }

  protected override deliver(response: AnyResponse): void {
    const { message } = response;
    // A received message is complete, whatever the codec makes of it.
    this.#message = isInner(response) ? (message as Message) : complete(this.method.descriptor.output, message);
    this.end(undefined);
  }

  /** Also cancels a call whose response has come and was not read. */
  override cutOff(reason: Parameters<InterceptedCall["cutOff"]>[0]): void {
    if (this.ended && this.#reader === undefined) this.failure ??= reason;
    super.cutOff(reason);
  }

  protected override finished(): void {
    if (this.#reader !== undefined) this.#settle(this.#reader);
  }

  #settle(reader: Settling<Message>): void {
    if (this.failure === undefined && this.#message !== undefined) reader.resolve(this.#message);
    else reader.reject(this.failure, this.isFresh());
  }
}
