// A call with one response: unary, or client streaming.
import type { Message } from "@bufbuild/protobuf";
import type { AnyResponse } from "../intercept/types.ts";
import type { RpcError } from "../protocol/error.ts";
import type { ClientStream } from "../transport/client.ts";
import { Call } from "./call.ts";
import { wrongCount } from "./call-errors.ts";
import { ReceivedMessage } from "./received.ts";
import { Settling } from "./rejection.ts";

/** Receives the outcome of a call. */
export interface ResponseReader {
  resolve(message: Message): void;
  /** @param isFresh whether the failure needs the caller's stack. See `Call.isFresh`. */
  reject(failure: unknown, isFresh: boolean): void;
}

export class SingleResponseCall extends Call {
  #response: Message | undefined = undefined;
  #reading: Promise<Message> | undefined = undefined;
  #reader: ResponseReader | undefined = undefined;

  /** Resolves with the response once the call has ended. */
  read(): Promise<Message> {
    if (this.#reading === undefined) {
      const reader = new Settling<Message>();
      this.#reading = reader.promise;
      this.readTo(reader);
    }
    return this.#reading;
  }

  /**
   * Passes the outcome to a reader once the call has ended. A call has one reader: returns the one
   * that it had before.
   */
  readTo(reader: ResponseReader): ResponseReader | undefined {
    const before = this.#reader;
    this.#reader = reader;
    this.checkSignal();
    if (this.ended) this.#settle(reader);
    return before;
  }

  /**
   * The response, as interceptors wait for it. A reader that the call had continues after them: the
   * interceptors have passed the response on, and wait for it nevertheless.
   */
  promised(): Promise<AnyResponse> {
    const waiting = new InterceptorReader(this);
    const { ended } = this;
    const before = this.readTo(waiting);
    if (before !== undefined && !ended) {
      waiting.promise.then().then(
        ({ message }) => before.resolve(message as Message),
        (failure: unknown) => before.reject(failure, this.created === failure),
      );
    }
    return waiting.promise;
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

  #settle(reader: ResponseReader): void {
    const response = this.#response;
    const failure = this.readEnd();
    if (failure === undefined && response !== undefined) reader.resolve(response);
    else reader.reject(failure, this.isFresh(failure));
  }
}

/** Reads a call for the interceptors that have sent it. */
class InterceptorReader implements ResponseReader {
  readonly #call: SingleResponseCall;
  readonly #settling = new Settling<AnyResponse>();

  constructor(call: SingleResponseCall) {
    this.#call = call;
  }

  get promise(): Promise<AnyResponse> {
    return this.#settling.promise;
  }

  resolve(message: Message): void {
    this.#settling.resolve(new ReceivedMessage(message, this.#call));
  }

  reject(failure: unknown, isFresh: boolean): void {
    this.#settling.reject(failure, isFresh);
  }
}
