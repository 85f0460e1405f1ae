// One call on the server, of any kind: from its header, or its only request, through interceptors
// and handler, to the single place where it ends.
import type { Message } from "@bufbuild/protobuf";
import { InterceptorFault, intercept } from "../intercept.ts";
import type { Linked, LinkedSet } from "../linked-set.ts";
import { Code } from "../protocol/code.ts";
import { RpcError, statusFromError } from "../protocol/error.ts";
import { MetadataError } from "../protocol/metadata.ts";
import { methodPath } from "../protocol/method.ts";
import { describeNonMessage, describeNonObject } from "../protocol/no-message.ts";
import type { Status } from "../protocol/status.ts";
import type { ServerListener, ServerStream } from "../transport/server.ts";
import { interceptedCallOf } from "./call-context.ts";
import { type CallMethod, CallState } from "./call-state.ts";
import { HandlerFault } from "./handler-fault.ts";
import { outcome, outcomeWithout } from "./outcome.ts";
import { Requests } from "./requests.ts";
import { iteratorOf, ResponseWriter } from "./responses.ts";

export class Call extends CallState implements ServerListener, Linked<Call> {
  readonly #running: LinkedSet<Call>;
  /** Whether the call has ended here: its status has been sent, or never will be. */
  #ended = false;
  /** Whether the call has ended on the wire, so that nothing can be sent. */
  #gone = false;
  /** Whether the call ends without waiting for its handler. */
  #cut = false;
  /** Whether the handler or its iterator still runs inside interceptors. */
  #handling = false;
  /** The encoded response of a unary or client streaming call. */
  #response: Buffer | undefined;
  #requests: Requests | undefined;
  #responses: ResponseWriter | undefined;
  /** Settles when all responses have been written. Interceptors wait for it. */
  #written: PromiseWithResolvers<void> | undefined;
  #onCut: ((reason: RpcError) => void) | undefined;
  previous: Call | undefined = undefined;
  next: Call | undefined = undefined;

  /** @param running the calls of the server. The call is a member until it ends. */
  constructor(bound: CallMethod, stream: ServerStream, running: LinkedSet<Call>) {
    super(bound, stream);
    this.#running = running;
    running.add(this);
  }

  // From the request to the response.

  /** Runs the call when its header has arrived. */
  open(): void {
    this.#run(undefined, false);
  }

  /**
   * Runs the call with its only request. Without interceptors, a unary call needs no promise other
   * than that of its handler.
   */
  answer(request: Buffer, compressed: boolean, start: number): void {
    const { handler, responseStream, settings } = this.bound;
    if (settings.interceptors.length > 0) {
      this.#run(request, compressed);
      return;
    }
    if (responseStream) {
      this.#serveStream(request, compressed, start);
      return;
    }
    try {
      const response = handler(this.receive(request, compressed, start), this.context);
      if (!isPromise(response)) this.#respond(response);
      else
        response.then(
          (response) => this.#respond(response),
          (error: unknown) => this.fail(error),
        );
    } catch (error) {
      this.fail(error);
    }
  }

  #respond(response: unknown): void {
    if (this.#ended) return;
    try {
      this.#response = this.encode(response);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#end(undefined);
  }

  /** Runs the handler inside the interceptors, and ends the call with the outcome. */
  #run(request: Buffer | undefined, compressed: boolean): void {
    const { responseStream, settings } = this.bound;
    const { interceptors } = settings;
    if (responseStream && interceptors.length === 0) {
      this.#serveStream(request, compressed, 0);
      return;
    }
    const served =
      interceptors.length === 0
        ? this.#serve(request, compressed)
        : intercept(interceptors, interceptedCallOf(this), () => this.#untilCut(request, compressed));
    served.then(
      () => this.#end(undefined),
      (error: unknown) => this.fail(error),
    );
  }

  /**
   * Runs a handler with a response stream, without interceptors. It needs no promise other than
   * those of the handler.
   */
  #serveStream(request: Buffer | undefined, compressed: boolean, start: number): void {
    try {
      const input = request === undefined ? this.#openRequests() : this.receive(request, compressed, start);
      this.#write(this.bound.handler(input, this.context));
    } catch (error) {
      this.fail(error);
    }
  }

  /**
   * Runs the handler, for all four kinds.
   *
   * @param request the only request, if it has arrived.
   */
  async #serve(request: Buffer | undefined, compressed: boolean): Promise<void> {
    const { handler, requestStream, responseStream } = this.bound;
    let input: Requests | Message;
    if (requestStream) input = this.#openRequests();
    else if (request !== undefined) input = this.receive(request, compressed, 0);
    else input = this.#only(await this.#openRequests().next());
    const output = handler(input, this.context);
    if (responseStream) {
      this.#written = Promise.withResolvers();
      this.#write(output);
      await this.#written.promise;
    } else {
      this.#response = this.encode(await output);
      // Checked now, so that interceptors see a fault in the header.
      this.checkHeader();
    }
  }

  #openRequests(): Requests {
    this.#requests = new Requests(this.stream, this);
    if (this.aborted !== undefined) this.#requests.fail(this.aborted);
    return this.#requests;
  }

  #only({ value }: IteratorResult<Message, undefined>): Message {
    if (value === undefined) throw new RpcError(Code.UNIMPLEMENTED, `no request message for ${methodPath(this.method)}`);
    return value;
  }

  #write(responses: unknown): void {
    const iterator = iteratorOf(responses);
    if (iterator === undefined) {
      const kind = describeNonObject(responses) ?? describeNonMessage(responses as object) ?? "an object";
      throw new HandlerFault(this.method, `returned ${kind}: a streaming handler returns an iterable or async iterable of responses`);
    }
    this.#responses = new ResponseWriter(iterator, this);
    // In process, the handler itself may have ended the call.
    if (this.#cut) this.onResponsesEnd();
    else this.#responses.write();
  }

  onResponsesEnd(): void {
    if (this.#written === undefined) this.#end(undefined);
    else this.#written.resolve();
  }

  onResponsesFail(thrown: unknown): void {
    if (this.#written === undefined) this.fail(thrown);
    else this.#written.reject(thrown);
  }

  /**
   * Runs the handler until the call is cut off. A handler may ignore its signal, but interceptors
   * must not wait for it then.
   */
  #untilCut(request: Buffer | undefined, compressed: boolean): Promise<void> {
    if (this.#cut) return Promise.reject(this.aborted);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#onCut = reject;
    this.#handling = true;
    this.#serve(request, compressed).then(
      () => {
        this.#handling = false;
        resolve();
      },
      (error: unknown) => {
        this.#handling = false;
        if (this.#cut) this.fail(error);
        else reject(this.#stopped(error) ?? error);
      },
    );
    return promise;
  }

  // Called by the transport.

  onMessage(message: Buffer, compressed: boolean, start = 0): void {
    this.#requests?.push(message, compressed, start);
  }

  onHalfClose(): void {
    this.#requests?.close();
  }

  onDrain(): void {
    this.#responses?.drain();
  }

  onCancel({ code, message }: Status): void {
    this.#gone = true;
    this.cutOff(new RpcError(code, message));
  }

  // The end.

  /** Asks the handler to stop: aborts its signal, and fails its requests. */
  abort(reason: RpcError): void {
    if (this.#ended || this.aborted !== undefined) return;
    this.signalAbort(reason);
    this.#requests?.fail(reason);
  }

  /** Ends the call without waiting for the handler. */
  cutOff(reason: RpcError): void {
    if (this.#ended || this.#cut) return;
    this.#cut = true;
    this.abort(reason);
    this.#responses?.stop();
    this.#onCut?.(reason);
    if (this.bound.settings.interceptors.length === 0) this.#end(reason);
  }

  /** Ends the call with a thrown value. Reports it if it is a fault. */
  fail(thrown: unknown): void {
    const stopped = this.#stopped(thrown);
    if (stopped === undefined && (!(thrown instanceof RpcError) || thrown instanceof InterceptorFault || thrown instanceof HandlerFault))
      this.#report(thrown);
    const error = stopped ?? RpcError.from(thrown);
    // An interceptor has ended the call while its handler still runs.
    if (this.#handling) this.cutOff(error);
    this.#end(error);
  }

  /**
   * Returns the reason for an abort if the handler threw it, or an AbortError, when it was asked to
   * stop. That is not a fault.
   */
  #stopped(thrown: unknown): RpcError | undefined {
    return thrown === this.aborted || (thrown instanceof Error && thrown.name === "AbortError") ? this.aborted : undefined;
  }

  #report(error: unknown): void {
    try {
      this.bound.settings.onError(error, this.context);
    } catch {
      // An error in the hook must not affect the call.
    }
  }

  /** The single place where a call ends, including calls that have ended on the wire. */
  #end(error: RpcError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#running.delete(this);
    this.#requests?.over();
    if (this.#gone) return;
    const status = this.#close(error);
    const response = status === undefined || status.code === Code.OK ? this.#response : undefined;
    this.stream.end(status, response, this.announced !== "identity" && this.compress);
  }

  /** Sends a pending header. Returns the status, or `undefined` for OK without a trailer. */
  #close(error: RpcError | undefined): Status | undefined {
    try {
      // Without a header, an error becomes a trailers-only response, which a client may retry (gRFC
      // A6).
      if (this.hasUnsentHeader || (error === undefined && this.compression !== "identity")) this.sendHeader();
      const trailer = this.filledTrailer;
      return error === undefined && trailer === undefined ? undefined : outcome(error, trailer);
    } catch (fault) {
      this.#report(fault);
      if (error !== undefined && fault instanceof MetadataError) return outcomeWithout(error, fault);
      return statusFromError(RpcError.from(fault));
    }
  }
}

function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === "function";
}
