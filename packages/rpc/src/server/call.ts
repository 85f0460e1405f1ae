// One call on the server, whatever its kind: from its header, or its only request, through interceptors and handler to the single place where it ends.
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
  /** Whether the status has been sent, or never will be. */
  #ended = false;
  /** Whether the call has ended on the wire, and nothing can be sent any more. */
  #gone = false;
  /** Whether the call ends without waiting for its handler. */
  #cut = false;
  /** Whether the handler, or what it has returned, still runs inside of interceptors. */
  #handling = false;
  /** The only response, encoded. */
  #response: Buffer | undefined;
  #requests: Requests | undefined;
  #responses: ResponseWriter | undefined;
  /** Settles when the responses have been written, for interceptors. */
  #written: PromiseWithResolvers<void> | undefined;
  #onCut: ((reason: RpcError) => void) | undefined;
  previous: Call | undefined = undefined;
  next: Call | undefined = undefined;

  /** @param running the calls of the server. It is among them until it ends. */
  constructor(bound: CallMethod, stream: ServerStream, running: LinkedSet<Call>) {
    super(bound, stream);
    this.#running = running;
    running.add(this);
  }

  // From the request to the response.

  /** Runs the call from its header on. */
  open(): void {
    this.#run(undefined, false);
  }

  /** Runs the call with its only request. Without interceptors, a unary call needs no promise but its handler's. */
  answer(request: Buffer, compressed: boolean): void {
    const { handler, responseStream, scope } = this.bound;
    if (responseStream || scope.interceptors.length > 0) {
      this.#run(request, compressed);
      return;
    }
    try {
      const response = handler(this.receive(request, compressed), this.context);
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

  /** Serves the call within the interceptors, and ends it with their outcome. */
  #run(request: Buffer | undefined, compressed: boolean): void {
    const { responseStream, scope } = this.bound;
    const { interceptors } = scope;
    if (responseStream && interceptors.length === 0) {
      this.#serveStream(request, compressed);
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

  /** Serves a call with a stream of responses, without interceptors. It needs no promise but its handler's. */
  #serveStream(request: Buffer | undefined, compressed: boolean): void {
    try {
      const input = request === undefined ? this.#openRequests() : this.receive(request, compressed);
      this.#write(this.bound.handler(input, this.context));
    } catch (error) {
      this.fail(error);
    }
  }

  /** The four kinds. @param request the only request, if it is there already. */
  async #serve(request: Buffer | undefined, compressed: boolean): Promise<void> {
    const { handler, requestStream, responseStream } = this.bound;
    let input: Requests | Message;
    if (requestStream) input = this.#openRequests();
    else if (request !== undefined) input = this.receive(request, compressed);
    else input = this.#only(await this.#openRequests().next());
    const output = handler(input, this.context);
    if (responseStream) {
      this.#written = Promise.withResolvers();
      this.#write(output);
      await this.#written.promise;
    } else {
      this.#response = this.encode(await output);
      // Sent later, but a fault of it is one of the handler's, which interceptors see.
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
    // Cut by the handler itself, in process.
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

  /** Serves the call. A handler may take no notice of its signal; interceptors must not wait for it once the call is cut. */
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

  // What the transport says.

  onMessage(message: Buffer, compressed: boolean): void {
    this.#requests?.push(message, compressed);
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

  /** Asks the handler to stop: its signal aborts, and its requests fail. */
  abort(reason: RpcError): void {
    if (this.#ended || this.aborted !== undefined) return;
    this.signalAbort(reason);
    this.#requests?.fail(reason);
  }

  /** Ends the call, whether the handler stops or not. */
  cutOff(reason: RpcError): void {
    if (this.#ended || this.#cut) return;
    this.#cut = true;
    this.abort(reason);
    this.#responses?.stop();
    this.#onCut?.(reason);
    if (this.bound.scope.interceptors.length === 0) this.#end(reason);
  }

  /** Ends the call with what was thrown; reports it, if it is a fault. */
  fail(thrown: unknown): void {
    const stopped = this.#stopped(thrown);
    if (stopped === undefined && (!(thrown instanceof RpcError) || thrown instanceof InterceptorFault || thrown instanceof HandlerFault))
      this.#report(thrown);
    const error = stopped ?? RpcError.from(thrown);
    // An interceptor has ended the call over its handler's head.
    if (this.#handling) this.cutOff(error);
    this.#end(error);
  }

  /** A handler that is told to stop usually throws what the signal says, or an AbortError: not a fault of its own. */
  #stopped(thrown: unknown): RpcError | undefined {
    return thrown === this.aborted || (thrown instanceof Error && thrown.name === "AbortError") ? this.aborted : undefined;
  }

  #report(error: unknown): void {
    try {
      this.bound.scope.onError(error, this.context);
    } catch {
      // A hook that fails must not take the call with it.
    }
  }

  /** The single end: of a call that has ended on the wire, too. */
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

  /** Sends the header, where one is to be sent before response and status. Returns the status; undefined for OK without a trailer. */
  #close(error: RpcError | undefined): Status | undefined {
    try {
      // Without a header, an error is a response of a trailer only, which a client may retry (gRFC A6).
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
