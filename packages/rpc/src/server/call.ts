// One call on the server, whatever its kind: its context, its messages, and the single place where it ends.
import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { Metadata, StatusObject } from "@grpc/grpc-js";
import type { Codec } from "@grpc-study/codec";
import { InterceptorFault, intercept } from "../interceptors/intercept.ts";
import type { Linked, LinkedSet } from "../linked-set.ts";
import { LongTimer } from "../long-timer.ts";
import { Code } from "../protocol/code.ts";
import { accepts, type Compression, compress } from "../protocol/compression.ts";
import { isSent, RpcError, statusFromError } from "../protocol/error.ts";
import { fitStatus } from "../protocol/fit-status.ts";
import { markCompressed, markMessage } from "../protocol/frame.ts";
import { MetadataError } from "../protocol/metadata.ts";
import { metadataBytes, metadataFault, sizeFault } from "../protocol/metadata-rules.ts";
import { type ClientCertificate, clientCertificate } from "../security/peer-certificate.ts";
import { contextOf, interceptedCallOf } from "./call-context.ts";
import type { Context, ServerInterceptor } from "./context.ts";
import { ResponseMetadata } from "./response-metadata.ts";
import type { Surface } from "./surface.ts";
import { ContextValues } from "./values.ts";

/** What the calls of a server share. */
export interface Scope {
  readonly interceptors: readonly ServerInterceptor[];
  readonly onError: (error: unknown, context: Context) => void;
  /** Of responses, unless a handler says otherwise. */
  readonly compression: Compression;
  /** The calls that are running. */
  readonly calls: LinkedSet<Call> | undefined;
  /** Whether what is below takes several messages at once. */
  readonly batches: boolean;
}

/** A method, ready to be called. */
export interface BoundMethod {
  readonly method: DescMethod;
  readonly handler: (input: unknown, context: Context) => unknown;
  readonly input: Codec;
  readonly output: Codec;
  readonly scope: Scope;
}

export class Call implements Linked<Call> {
  readonly #surface: Surface;
  readonly #bound: BoundMethod;
  readonly #finish: (status: StatusObject | undefined) => void;
  #controller: AbortController | undefined;
  #deadlineTimer: LongTimer | undefined;
  #watched = false;
  #ended = false;
  #headerSent = false;
  #announced: Compression = "identity";
  /** Whether the handler, or what it has returned, still runs inside of interceptors. */
  #handling = false;
  #context: Context | undefined;
  #values: ContextValues | undefined;
  #header: Metadata | undefined;
  #trailer: Metadata | undefined;
  #onAbort: ((reason: RpcError) => void)[] | undefined;
  #onRequest: ((request: Message) => void)[] | undefined;
  #onResponse: ((response: object) => void)[] | undefined;
  previous: Call | undefined;
  next: Call | undefined;
  compression: Compression;
  compress = true;
  /** Why the call was aborted, by the caller, the deadline, or a shutdown. */
  aborted: RpcError | undefined;
  /** Whether nobody is there any more to take an answer. */
  cut = false;

  /** @param finish ends the call on the wire: with an error's status, or without one with OK. */
  constructor(surface: Surface, bound: BoundMethod, finish: (status: StatusObject | undefined) => void) {
    this.#surface = surface;
    this.#bound = bound;
    this.#finish = finish;
    this.compression = bound.scope.compression;
    bound.scope.calls?.add(this);
  }

  get method(): DescMethod {
    return this.#bound.method;
  }

  get metadata(): Metadata {
    return this.#surface.metadata;
  }

  get peer(): string {
    const peer = this.#surface.getPeer();
    // grpc-js writes an IPv6 peer without brackets, `::1:50051`.
    const colon = peer.lastIndexOf(":");
    return peer.indexOf(":") === colon ? peer : `[${peer.slice(0, colon)}]${peer.slice(colon)}`;
  }

  get clientCertificate(): ClientCertificate | undefined {
    return clientCertificate(this.#surface.getAuthContext().sslPeerCertificate);
  }

  get values(): ContextValues {
    this.#values ??= new ContextValues();
    return this.#values;
  }

  get deadline(): Date | undefined {
    const deadline = this.#surface.getDeadline();
    if (typeof deadline !== "number") return deadline;
    return Number.isFinite(deadline) ? new Date(deadline) : undefined;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.watch();
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

  sendHeader(): void {
    if (this.#headerSent) return;
    const fault = this.#header && metadataFault(this.#header);
    if (fault !== undefined) {
      this.#header = undefined;
      throw new MetadataError(fault);
    }
    this.#headerSent = true;
    if (accepts(this.#surface.acceptEncoding ?? "", this.compression)) this.#announced = this.compression;
    let header: Metadata = this.header;
    if (this.#announced !== "identity") {
      header = header.clone();
      header.set("grpc-encoding", this.#announced);
    }
    this.#surface.sendMetadata(header);
  }

  onRequest(listener: (request: Message) => void): void {
    this.#onRequest ??= [];
    this.#onRequest.push(listener);
  }

  onResponse(listener: (response: object) => void): void {
    this.#onResponse ??= [];
    this.#onResponse.push(listener);
  }

  /** Parses a request, and shows it to the interceptors. */
  receive(bytes: Buffer): Message {
    let request: Message;
    try {
      request = this.#bound.input.decode(bytes);
    } catch (cause) {
      throw new RpcError(Code.INTERNAL, `cannot parse the request as ${this.method.input.typeName}`, { cause });
    }
    markMessage(request, bytes);
    if (this.#onRequest !== undefined) for (const listener of this.#onRequest) listener(request);
    return request;
  }

  /** Shows a response to the interceptors, and writes it as bytes. Sends the header if that has not been done. At once, unless it is to be compressed. */
  send(response: unknown): Buffer | Promise<Buffer> {
    if (this.#onResponse !== undefined) for (const listener of this.#onResponse) listener(response as object);
    const bytes = this.#bound.output.encode(response as never);
    if (this.#header !== undefined || this.compression !== "identity") this.sendHeader();
    return this.#announced === "identity" || !this.compress ? bytes : compressed(bytes, this.#announced);
  }

  /** Whether several responses may be written at once. */
  get batches(): boolean {
    return this.#bound.scope.batches;
  }

  /** What the handler, and `onError`, are given. */
  get context(): Context {
    this.#context ??= contextOf(this);
    return this.#context;
  }

  /** Calls the handler. */
  handle(input: unknown): unknown {
    return this.#bound.handler(input, this.context);
  }

  /** Runs `body`, within the interceptors, and ends the call with its outcome. A body that needs no promise returns none. */
  run(body: () => void | Promise<void>): void {
    const { interceptors } = this.#bound.scope;
    try {
      const running = interceptors.length === 0 ? body() : intercept(interceptors, interceptedCallOf(this), () => this.#untilCut(body));
      if (running === undefined) this.#end();
      else
        running.then(
          () => this.#end(),
          (error: unknown) => this.fail(error),
        );
    } catch (error) {
      this.fail(error);
    }
  }

  /** Listens for what aborts the call. Streams do from the start, a unary call only once its signal is asked for. */
  watch(): void {
    if (this.#watched) return;
    this.#watched = true;
    const deadline = this.deadline?.getTime();
    const timeUp = () => this.cutOff(new RpcError(Code.DEADLINE_EXCEEDED, "deadline exceeded"));
    const onCancel = () => {
      // Also what grpc-js says after its own timer for the deadline. Timers are up to a millisecond early.
      if (deadline !== undefined && deadline - Date.now() <= 1) timeUp();
      else this.cutOff(new RpcError(Code.CANCELLED, "the caller cancelled the call"));
    };
    this.#surface.on("cancelled", onCancel);
    if (this.#surface.cancelled) onCancel();
    // grpc-js has that timer, but tells of it only once all that was written has been read by the peer.
    else if (deadline !== undefined) {
      this.#deadlineTimer = new LongTimer(timeUp, Math.max(deadline - Date.now(), 0));
    }
  }

  /** Calls `listener` when the call is aborted, at once if it has been, and again when it is cut after that. */
  onAbort(listener: (reason: RpcError) => void): void {
    this.#onAbort ??= [];
    this.#onAbort.push(listener);
    if (this.aborted !== undefined) listener(this.aborted);
  }

  /** Asks the handler to stop. */
  abort(reason: RpcError): void {
    if (this.#ended || this.aborted !== undefined) return;
    this.aborted = reason;
    this.#controller?.abort(reason);
    for (const listener of this.#onAbort ?? []) listener(reason);
  }

  /** Ends the call, whether the handler stops or not. */
  cutOff(reason: RpcError): void {
    // grpc-js says "cancelled" at the end of every call.
    if (this.#ended || this.cut) return;
    this.cut = true;
    if (this.aborted === undefined) this.abort(reason);
    else for (const listener of this.#onAbort ?? []) listener(reason);
    if (this.#bound.scope.interceptors.length === 0) this.#end(reason);
  }

  /** A handler may take no notice of its signal; interceptors must not wait for it then. */
  #untilCut(body: () => void | Promise<void>): Promise<void> {
    this.watch();
    return new Promise((resolve, reject) => {
      this.onAbort((reason) => {
        if (this.cut) reject(reason);
      });
      if (this.cut) return;
      const running = body();
      if (running === undefined) resolve();
      else {
        this.#handling = true;
        const done = () => {
          this.#handling = false;
        };
        running.finally(done).then(resolve, (error: unknown) => (this.cut ? this.fail(error) : reject(this.#stopped(error) ?? error)));
      }
    });
  }

  /** A handler that is told to stop usually throws what the signal says, or an AbortError: not a fault of its own. */
  #stopped(thrown: unknown): RpcError | undefined {
    return thrown === this.aborted || (thrown instanceof Error && thrown.name === "AbortError") ? this.aborted : undefined;
  }

  /** Ends the call with what was thrown; reports it, if it is a fault. */
  fail(thrown: unknown): void {
    const stopped = this.#stopped(thrown);
    if (stopped === undefined && (!(thrown instanceof RpcError) || thrown instanceof InterceptorFault)) this.#report(thrown);
    const error = stopped ?? RpcError.from(thrown);
    // An interceptor has ended the call over its handler's head.
    if (this.#handling) this.cutOff(error);
    this.#end(error);
  }

  #report(error: unknown): void {
    try {
      this.#bound.scope.onError(error, this.context);
    } catch {
      // A hook that fails must not take the call with it.
    }
  }

  #end(error?: RpcError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#deadlineTimer?.clear();
    this.#bound.scope.calls?.delete(this);
    if (this.#surface.cancelled) return;
    const status = this.#status(error);
    this.#finish(status && fitStatus(status));
  }

  /** The status on the wire; sends the header, if that has not been done. */
  #status(error: RpcError | undefined): StatusObject | undefined {
    try {
      if (this.#header !== undefined) this.sendHeader();
      const trailer = this.#trailer;
      const sent = error !== undefined && isSent(error) ? error.metadata : undefined;
      const fault =
        (trailer && metadataFault(trailer)) ??
        (sent && metadataFault(sent)) ??
        (trailer && sent && sizeFault(metadataBytes(trailer) + metadataBytes(sent)));
      if (fault !== undefined) throw new MetadataError(fault);
      return error !== undefined ? statusFromError(error, trailer) : trailer && { code: Code.OK, details: "OK", metadata: trailer };
    } catch (fault) {
      this.#report(fault);
      return statusFromError(RpcError.from(fault));
    }
  }
}

async function compressed(bytes: Buffer, algorithm: Compression): Promise<Buffer> {
  const fewer = await compress(bytes, algorithm);
  if (fewer !== bytes) markCompressed(fewer);
  return fewer;
}
