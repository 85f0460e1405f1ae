// The state of a call: its metadata, header, trailer, compression and signal. A context shows it to
// handlers and interceptors (call-context.ts); call.ts runs the call.
//
// Objects that only some calls need are created on first access.
import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { Codec } from "@grpc-study/codec";
import { ContextValues } from "../context-values.ts";
import type { Interceptors } from "../intercept/only-for.ts";
import { InnerCalls } from "../propagation/outer-call.ts";
import { callEnded } from "../propagation/reason.ts";
import { noteCompressed } from "../protocol/came-compressed.ts";
import { Code } from "../protocol/code.ts";
import type { Compression } from "../protocol/compression.ts";
import { RpcError } from "../protocol/error.ts";
import { type Metadata, MetadataError } from "../protocol/metadata.ts";
import { metadataFault } from "../protocol/metadata-rules.ts";
import { describeNonMessage, describeNonObject } from "../protocol/no-message.ts";
import type { ClientCertificate } from "../security/peer-certificate.ts";
import { steadyNow, toSystemTime } from "../steady-clock.ts";
import type { ServerStream } from "../transport/server.ts";
import { type ContextSource, contextOf } from "./call-context.ts";
import type { Context, ServerInterceptor } from "./context.ts";
import { HandlerFault } from "./handler-fault.ts";
import { ResponseMetadata } from "./response-metadata.ts";

/** The settings that the calls of a method share. */
export interface MethodSettings {
  readonly interceptors: Interceptors<ServerInterceptor>;
  readonly onError: (error: unknown, context: Context) => void;
  /** The compression of responses, unless a handler chooses another one. */
  readonly compression: Compression;
  /** The maximum duration of a call in milliseconds, or Infinity. */
  readonly maxTimeoutMs: number;
}

/** The method that its calls share. */
export interface CallMethod {
  readonly descriptor: DescMethod;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly handler: (input: unknown, context: Context) => unknown;
  readonly input: Codec;
  readonly output: Codec;
  readonly settings: MethodSettings;
}

export class CallState implements ContextSource {
  protected readonly stream: ServerStream;
  readonly bound: CallMethod;
  /** When the call must have ended, by `steadyNow()`, or Infinity. */
  readonly deadlineMs: number;
  /** Why the handler must stop: a cancel, the deadline, a limit, or a shutdown. */
  protected aborted: RpcError | undefined = undefined;
  /** The compression announced in the header; `identity` until the header is sent. */
  protected announced: Compression = "identity";
  #headerSent = false;
  #context: Context | undefined;
  #controller: AbortController | undefined;
  #inner: InnerCalls | undefined;
  #values: ContextValues | undefined;
  #header: Metadata | undefined;
  #trailer: Metadata | undefined;
  /** Why the call has ended; undefined while it runs. Null stands for OK. */
  #endedWith: RpcError | null | undefined;
  compression: Compression;
  compress = true;

  constructor(bound: CallMethod, stream: ServerStream) {
    this.stream = stream;
    this.bound = bound;
    this.compression = bound.settings.compression;
    const { maxTimeoutMs } = bound.settings;
    this.deadlineMs = maxTimeoutMs === Number.POSITIVE_INFINITY ? stream.deadline : Math.min(stream.deadline, steadyNow() + maxTimeoutMs);
  }

  get method(): DescMethod {
    return this.bound.descriptor;
  }

  get metadata(): Metadata {
    return this.stream.metadata;
  }

  get peer(): string {
    return this.stream.peer;
  }

  get authority(): string {
    return this.stream.authority;
  }

  get clientCertificate(): ClientCertificate | undefined {
    return this.stream.clientCertificate;
  }

  get values(): ContextValues {
    this.#values ??= new ContextValues();
    return this.#values;
  }

  get deadline(): Date | undefined {
    return this.deadlineMs === Number.POSITIVE_INFINITY ? undefined : new Date(toSystemTime(this.deadlineMs));
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.aborted !== undefined || this.#endedWith !== undefined) this.#controller.abort(this.aborted ?? this.endReason);
    }
    return this.#controller.signal;
  }

  /** The calls of clients that end with this one. */
  get inner(): InnerCalls {
    this.#inner ??= new InnerCalls();
    return this.#inner;
  }

  get header(): Metadata {
    this.#header ??= new ResponseMetadata();
    return this.#header;
  }

  get trailer(): Metadata {
    this.#trailer ??= new ResponseMetadata();
    return this.#trailer;
  }

  /** The context for the handler and for `onError`. Interceptors see it as well. */
  get context(): Context {
    this.#context ??= contextOf(this);
    return this.#context;
  }

  set context(context: Context) {
    this.#context = context;
  }

  sendHeader(): void {
    if (this.#headerSent) return;
    this.checkHeader();
    const header = this.hasUnsentHeader ? this.#header : undefined;
    this.#headerSent = true;
    if (this.compression !== "identity" && this.stream.accepts(this.compression)) this.announced = this.compression;
    this.stream.sendHeader(header, this.announced);
  }

  /**
   * Whether the handler has filled the header and it is unsent. A header that was only read stays
   * empty.
   */
  protected get hasUnsentHeader(): boolean {
    return !this.#headerSent && this.#header !== undefined && this.#header.size > 0;
  }

  /**
   * Discards a header that cannot be sent.
   *
   * @throws MetadataError if the header cannot be sent.
   */
  protected checkHeader(): void {
    const fault = this.#header === undefined || this.#headerSent ? undefined : metadataFault(this.#header);
    if (fault === undefined) return;
    this.#header = undefined;
    throw new MetadataError(fault);
  }

  /** The trailer; undefined if it is empty. */
  protected get filledTrailer(): Metadata | undefined {
    return this.#trailer === undefined || this.#trailer.size === 0 ? undefined : this.#trailer;
  }

  /**
   * Decodes a request.
   *
   * @throws RpcError with INTERNAL if the request cannot be parsed.
   */
  receive(bytes: Buffer, compressed: boolean, start: number): Message {
    const { input } = this.bound;
    let request: Message;
    try {
      if (start === 0) request = input.decode(bytes);
      else request = input.decodeFrom?.(bytes, start) ?? input.decode(Buffer.from(bytes.subarray(start)));
    } catch (cause) {
      throw new RpcError(Code.INTERNAL, `cannot parse the request as ${this.method.input.typeName}`, { cause });
    }
    if (compressed) noteCompressed(request);
    return request;
  }

  checkResponse(response: unknown): void {
    const kind = describeNonObject(response);
    if (kind !== undefined) throw this.#notAResponse(kind);
  }

  /**
   * Encodes a response.
   *
   * @throws HandlerFault if the response is not a message.
   */
  protected encode(response: unknown): Buffer {
    this.checkResponse(response);
    const bytes = this.bound.output.encode(response as never);
    const empty = bytes.length === 0 ? describeNonMessage(response as object) : undefined;
    if (empty !== undefined) throw this.#notAResponse(empty);
    return bytes;
  }

  #notAResponse(kind: string): HandlerFault {
    const how = this.bound.responseStream ? "yielded" : "returned";
    return new HandlerFault(this.method, `${how} ${kind}: a response is a message, or an object with its fields`);
  }

  /** Sends a response of a stream. Returns whether there is room for more. */
  send(response: unknown): boolean {
    const bytes = this.encode(response);
    if (this.hasUnsentHeader || this.compression !== "identity") this.sendHeader();
    // If no header was sent, the transport sends an empty one.
    this.#headerSent = true;
    return this.stream.send(bytes, this.announced !== "identity" && this.compress);
  }

  /** Records the reason, and aborts the signal if it was accessed. */
  protected signalAbort(reason: RpcError): void {
    this.aborted = reason;
    this.#controller?.abort(reason);
    this.#inner?.end();
  }

  /** Aborts the signal because the call has ended. */
  protected signalEnd(error: RpcError | undefined): void {
    this.#endedWith = error ?? null;
    if (this.#controller !== undefined && this.aborted === undefined) this.#controller.abort(this.endReason);
    this.#inner?.end();
  }

  /** The reason of the signal of a call that has ended. */
  protected get endReason(): RpcError {
    this.#endedWith ??= new RpcError(Code.CANCELLED, callEnded);
    return this.#endedWith;
  }
}
