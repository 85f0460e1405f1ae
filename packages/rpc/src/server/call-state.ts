// What is known of a call, and what its handler says beside its responses: metadata, header, trailer, compression, signal. A context shows it to
// handlers and interceptors (call-context.ts); call.ts runs the call.
//
// What only some calls need is made when it is asked for.
import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { Codec } from "@grpc-study/codec";
import { noteCompressed } from "../protocol/came-compressed.ts";
import { Code } from "../protocol/code.ts";
import type { Compression } from "../protocol/compression.ts";
import { RpcError } from "../protocol/error.ts";
import { type Metadata, MetadataError } from "../protocol/metadata.ts";
import { metadataFault } from "../protocol/metadata-rules.ts";
import { describeNonMessage, describeNonObject } from "../protocol/no-message.ts";
import type { ClientCertificate } from "../security/peer-certificate.ts";
import type { ServerStream } from "../transport/server.ts";
import { type ContextSource, contextOf } from "./call-context.ts";
import type { Context, ServerInterceptor } from "./context.ts";
import { HandlerFault } from "./handler-fault.ts";
import { ResponseMetadata } from "./response-metadata.ts";
import { ContextValues } from "./values.ts";

/** What the calls of a service share. */
export interface Scope {
  readonly interceptors: readonly ServerInterceptor[];
  readonly onError: (error: unknown, context: Context) => void;
  /** Of responses, unless a handler says otherwise. */
  readonly compression: Compression;
}

/** What the calls of a method share. */
export interface CallMethod {
  readonly descriptor: DescMethod;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly handler: (input: unknown, context: Context) => unknown;
  readonly input: Codec;
  readonly output: Codec;
  readonly scope: Scope;
}

export class CallState implements ContextSource {
  protected readonly stream: ServerStream;
  protected readonly bound: CallMethod;
  /** Why the handler is to stop: the caller, the deadline, a limit or a shutdown. */
  protected aborted: RpcError | undefined = undefined;
  /** What is announced in the header; `identity` until that has been sent. */
  protected announced: Compression = "identity";
  #headerSent = false;
  #context: Context | undefined;
  #controller: AbortController | undefined;
  #values: ContextValues | undefined;
  #header: Metadata | undefined;
  #trailer: Metadata | undefined;
  #onRequest: ((request: Message) => void)[] | undefined;
  #onResponse: ((response: object) => void)[] | undefined;
  compression: Compression;
  compress = true;

  constructor(bound: CallMethod, stream: ServerStream) {
    this.stream = stream;
    this.bound = bound;
    this.compression = bound.scope.compression;
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

  get clientCertificate(): ClientCertificate | undefined {
    return this.stream.clientCertificate;
  }

  get values(): ContextValues {
    this.#values ??= new ContextValues();
    return this.#values;
  }

  get deadline(): Date | undefined {
    const { deadline } = this.stream;
    return Number.isFinite(deadline) ? new Date(deadline) : undefined;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.aborted !== undefined) this.#controller.abort(this.aborted);
    }
    return this.#controller.signal;
  }

  get header(): Metadata {
    this.#header ??= new ResponseMetadata();
    return this.#header;
  }

  get trailer(): Metadata {
    this.#trailer ??= new ResponseMetadata();
    return this.#trailer;
  }

  /** What the handler, and `onError`, are given. */
  get context(): Context {
    this.#context ??= contextOf(this);
    return this.#context;
  }

  onRequest(listener: (request: Message) => void): void {
    this.#onRequest ??= [];
    this.#onRequest.push(listener);
  }

  onResponse(listener: (response: object) => void): void {
    this.#onResponse ??= [];
    this.#onResponse.push(listener);
  }

  sendHeader(): void {
    if (this.#headerSent) return;
    this.checkHeader();
    const header = this.hasUnsentHeader ? this.#header : undefined;
    this.#headerSent = true;
    if (this.compression !== "identity" && this.stream.accepts(this.compression)) this.announced = this.compression;
    this.stream.sendHeader(header, this.announced);
  }

  /** Whether the handler has put something into the header that is still to be sent. One that has only been read stays empty. */
  protected get hasUnsentHeader(): boolean {
    return !this.#headerSent && this.#header !== undefined && this.#header.size > 0;
  }

  /** @throws MetadataError if the header cannot be sent; it is forgotten then. */
  protected checkHeader(): void {
    const fault = this.#header === undefined || this.#headerSent ? undefined : metadataFault(this.#header);
    if (fault === undefined) return;
    this.#header = undefined;
    throw new MetadataError(fault);
  }

  /** The trailer, if the handler has put something into it. */
  protected get filledTrailer(): Metadata | undefined {
    return this.#trailer === undefined || this.#trailer.size === 0 ? undefined : this.#trailer;
  }

  /** Decodes a request, and shows it to the interceptors. */
  receive(bytes: Buffer, compressed: boolean): Message {
    let request: Message;
    try {
      request = this.bound.input.decode(bytes);
    } catch (cause) {
      throw new RpcError(Code.INTERNAL, `cannot parse the request as ${this.method.input.typeName}`, { cause });
    }
    if (compressed) noteCompressed(request);
    if (this.#onRequest !== undefined) for (const listener of this.#onRequest) listener(request);
    return request;
  }

  /** Shows a response to the interceptors, and encodes it. @throws HandlerFault if it is no message. */
  protected encode(response: unknown): Buffer {
    const kind = describeNonObject(response);
    if (kind !== undefined) throw this.#noResponse(kind);
    if (this.#onResponse !== undefined) for (const listener of this.#onResponse) listener(response as object);
    const bytes = this.bound.output.encode(response as never);
    const empty = bytes.length === 0 ? describeNonMessage(response as object) : undefined;
    if (empty !== undefined) throw this.#noResponse(empty);
    return bytes;
  }

  #noResponse(kind: string): HandlerFault {
    const how = this.bound.responseStream ? "yielded" : "returned";
    return new HandlerFault(this.method, `${how} ${kind}: a response is a message, or an object with its fields`);
  }

  /** Sends a response of a stream. Returns whether there is room for more. */
  send(response: unknown): boolean {
    const bytes = this.encode(response);
    if (this.hasUnsentHeader || this.compression !== "identity") this.sendHeader();
    // The transport sends an empty one, if none was sent.
    this.#headerSent = true;
    return this.stream.send(bytes, this.announced !== "identity" && this.compress);
  }

  /** Aborts the signal, if there is one. */
  protected signalAbort(reason: RpcError): void {
    this.aborted = reason;
    this.#controller?.abort(reason);
  }
}
