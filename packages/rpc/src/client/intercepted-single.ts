// An intercepted call with one response: unary, or client streaming.
import type { Message } from "@bufbuild/protobuf";
import { complete, OneMessage } from "../intercept/messages.ts";
import type { AnyResponse } from "../intercept/types.ts";
import type { ClientView } from "./call-view.ts";
import type { SingleHandle } from "./handles.ts";
import { InterceptedCall } from "./intercepted-call.ts";
import { NextResponse } from "./next-response.ts";
import { Settling } from "./rejection.ts";
import { type ResponseReader, SingleResponseCall } from "./single-response.ts";

export class InterceptedSingle extends InterceptedCall implements SingleHandle, ResponseReader {
  #message: Message | undefined = undefined;
  #reader: Settling<Message> | undefined = undefined;
  #lastResponse: NextResponse | undefined = undefined;

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
    this.#lastResponse = new NextResponse(attempt);
    return this.method.awaits(this.interceptors) ? this.#lastResponse.promise : this.#lastResponse;
  }

  protected override takes(response: Promise<AnyResponse>): boolean {
    const last = this.#lastResponse;
    if (last === undefined || response !== last || last.awaited) return false;
    last.readTo(this);
    return true;
  }

  /** Takes the response of an attempt that the interceptors have passed on. */
  resolve(message: Message): void {
    if (this.ended) return;
    this.responseCame();
    this.#message = message;
    this.end(undefined);
  }

  /** Takes the failure of an attempt that the interceptors have passed on. */
  reject(failure: unknown): void {
    this.failed(failure);
  }

  protected override deliver(response: AnyResponse): void {
    this.#message = complete(this.method.descriptor.output, OneMessage.of(response));
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
