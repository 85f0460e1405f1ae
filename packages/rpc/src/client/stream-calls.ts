// The stream objects that callers hold. They expose the documented members of a call only.
import type { Message } from "@bufbuild/protobuf";
import type { Metadata } from "../protocol/metadata.ts";
import type { CallHandle, SingleHandle, StreamHandle } from "./handles.ts";
import type { SendOptions } from "./options.ts";
import type { Result } from "./receive-queue.ts";
import type { BidiStreamCall, ClientStreamCall, ResponseStream } from "./types.ts";

abstract class Stream<Kind extends CallHandle> {
  readonly #call: Kind;

  constructor(call: Kind) {
    this.#call = call;
  }

  header(): Promise<Metadata> {
    return this.#call.header();
  }

  get trailer(): Metadata | undefined {
    return this.#call.trailer;
  }

  cancel(): void {
    this.#call.cancel();
  }

  [Symbol.dispose](): void {
    this.#call.cancel();
  }
}

export class Responses extends Stream<StreamHandle> implements ResponseStream<Message> {
  readonly #call: StreamHandle;

  constructor(call: StreamHandle) {
    super(call);
    this.#call = call;
  }

  recv(): Promise<Message | undefined> {
    return this.#call.recv();
  }

  next(): Promise<Result> {
    return this.#call.next();
  }

  /** Cancels the call. `for await` calls this when the loop exits early. */
  return(): Promise<Result> {
    this.#call.cancel();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

export class Conversation extends Responses implements BidiStreamCall<Message, Message> {
  readonly #call: StreamHandle;

  constructor(call: StreamHandle) {
    super(call);
    this.#call = call;
  }

  send(request: unknown, options?: SendOptions): Promise<boolean> {
    return this.#call.send(request, options);
  }

  closeSend(): void {
    this.#call.closeSend();
  }
}

export class Upload extends Stream<SingleHandle> implements ClientStreamCall<Message, Message> {
  readonly #call: SingleHandle;

  constructor(call: SingleHandle) {
    super(call);
    this.#call = call;
  }

  send(request: unknown, options?: SendOptions): Promise<boolean> {
    return this.#call.send(request, options);
  }

  closeAndRecv(): Promise<Message> {
    this.#call.closeSend();
    return this.#call.read();
  }
}
