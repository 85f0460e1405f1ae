// The call, as its interceptors see it: it has the documented members, and does not expose the call
// itself. The handler gets the same object as its context, because a second one would cost as much as
// an interceptor.
import type { DescMethod, Message } from "@bufbuild/protobuf";
import { checkBoolean, checkFunction, wrongType } from "../checks.ts";
import type { ContextValues } from "../context-values.ts";
import { complete, completed } from "../intercept/messages.ts";
import { noFurtherMembers } from "../intercept/no-further-members.ts";
import type { AnyChange, Kind } from "../intercept/types.ts";
import type { AnyIterable } from "../iterable.ts";
import { type Compression, checkCompression } from "../protocol/compression.ts";
import { RpcError } from "../protocol/error.ts";
import type { Metadata } from "../protocol/metadata.ts";
import { hasRequestStream, methodPath } from "../protocol/method.ts";
import type { ClientCertificate } from "../security/peer-certificate.ts";
import type { MessageObserver } from "../transport/message-size.ts";
import type { ContextSource } from "./call-context.ts";
import type { Context } from "./context.ts";

/** What the view of an interceptor needs beside the context. */
export interface ViewSource {
  readonly authority: string;
  onEnd(listener: (error: RpcError | undefined) => void): void;
  onMessageSize(observer: MessageObserver): void;
  abort(error: RpcError): void;
  /** Reads and decodes the only request. */
  request(): Promise<Message>;
  /** The requests of the stream. They can be read once. */
  readonly requests: AsyncIterable<Message>;
}

/** The call, as one of its interceptors sees it. */
// Does not extend the context of handlers: a call would take longer to allocate.
export class ServerView implements Context {
  readonly #call: ContextSource;
  readonly #source: ViewSource;
  readonly #change: AnyChange | undefined;

  constructor(call: ContextSource, source: ViewSource, change: AnyChange | undefined) {
    this.#call = call;
    this.#source = source;
    this.#change = change;
  }

  get method(): DescMethod {
    return this.#call.method;
  }

  get metadata(): Metadata {
    return this.#call.metadata;
  }

  get peer(): string {
    return this.#call.peer;
  }

  get authority(): string {
    return this.#source.authority;
  }

  get clientCertificate(): ClientCertificate | undefined {
    return this.#call.clientCertificate;
  }

  get values(): ContextValues {
    return this.#call.values;
  }

  get deadline(): Date | undefined {
    return this.#call.deadline;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  get compression(): Compression {
    return this.#call.compression;
  }

  set compression(compression: Compression) {
    this.#call.compression = checkCompression("compression", compression);
  }

  get compress(): boolean {
    return this.#call.compress;
  }

  set compress(compress: boolean) {
    this.#call.compress = checkBoolean("compress", compress);
  }

  get header(): Metadata {
    return this.#call.header;
  }

  get trailer(): Metadata {
    return this.#call.trailer;
  }

  sendHeader(): void {
    this.#call.sendHeader();
  }

  toJSON(): ReturnType<Context["toJSON"]> {
    const { method, peer, deadline } = this.#call;
    return { method: methodPath(method), peer, deadline: deadline?.toISOString() };
  }

  get kind(): Kind {
    return this.method.methodKind;
  }

  get stream(): boolean {
    return this.method.methodKind !== "unary";
  }

  get request(): Promise<Message> | undefined {
    if (hasRequestStream(this.method)) return undefined;
    const given = this.#change?.request;
    return given === undefined ? this.#source.request() : Promise.resolve(complete(this.method.input, given));
  }

  get requests(): AsyncIterable<Message> | undefined {
    if (!hasRequestStream(this.method)) return undefined;
    const given = this.#change?.requests as AnyIterable | undefined;
    return given === undefined ? this.#source.requests : completed(this.method.input, given);
  }

  onEnd(listener: (error: RpcError | undefined) => void): void {
    checkFunction("the listener of onEnd()", listener);
    this.#source.onEnd(listener);
  }

  onMessageSize(observer: MessageObserver): void {
    checkFunction("the observer of onMessageSize()", observer);
    this.#source.onMessageSize(observer);
  }

  abort(error: RpcError): void {
    if (!(error instanceof RpcError)) throw wrongType("the error of abort()", "an RpcError", error);
    this.#source.abort(error);
  }

  /** What an interceptor has passed to `next()`. */
  static changeOf(view: ServerView): AnyChange | undefined {
    return view.#change;
  }

  /** The same call with another request. */
  static changed(view: ServerView, change: AnyChange): ServerView {
    const same = change.request === undefined && change.requests === undefined;
    return same ? view : new ServerView(view.#call, view.#source, change);
  }
}

noFurtherMembers(ServerView.prototype);
