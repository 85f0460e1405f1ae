// One call on the server, of any kind: from its header, or its only request, through interceptors
// and handler, to the single place where it ends.
import type { Message } from "@bufbuild/protobuf";
import { InterceptorFault, isPromise } from "../intercept/chain.ts";
import { OneMessage } from "../intercept/messages.ts";
import type { AnyResponse } from "../intercept/types.ts";
import { isIterable, iteratorOf } from "../iterable.ts";
import { LongTimer } from "../long-timer.ts";
import { enter } from "../propagation/current.ts";
import type { OuterCall } from "../propagation/outer-call.ts";
import { Code } from "../protocol/code.ts";
import { RpcError, statusFromError } from "../protocol/error.ts";
import { MetadataError } from "../protocol/metadata.ts";
import { methodPath } from "../protocol/method.ts";
import type { Status } from "../protocol/status.ts";
import { StreamReset } from "../protocol/stream-reset.ts";
import type { MessageObserver } from "../transport/message-size.ts";
import type { ServerListener, ServerStream } from "../transport/server.ts";
import { type CallMethod, CallState } from "./call-state.ts";
import { HandlerFault, notIterable } from "./handler-fault.ts";
import { HandlerStream } from "./handler-stream.ts";
import { type InterceptedCall, Interception } from "./interception.ts";
import { outcome, outcomeWithout } from "./outcome.ts";
import { Requests } from "./requests.ts";
import { ResponseWriter } from "./responses.ts";
import type { RunningCall, ServerRecord } from "./server-record.ts";

export class Call extends CallState implements ServerListener, InterceptedCall, OuterCall, RunningCall {
  readonly #server: ServerRecord;
  /** Whether the call has ended here: its status has been sent, or never will be. */
  #ended = false;
  /** Whether the call has ended on the wire, so that nothing can be sent. */
  #gone = false;
  /** Whether the call ends without waiting for its handler. */
  #cut = false;
  /** The encoded response of a unary or client streaming call. */
  #response: Buffer | undefined;
  #requests: Requests | undefined;
  #responses: ResponseWriter | undefined;
  #interception: Interception | undefined;
  /** Ends the call at the deadline of this server, if that is earlier than the caller's. */
  #timer: LongTimer | undefined;
  previous: RunningCall | undefined = undefined;
  next: RunningCall | undefined = undefined;

  /** @param server has the call among its running calls until it ends. */
  constructor(bound: CallMethod, stream: ServerStream, server: ServerRecord) {
    super(bound, stream);
    this.#server = server;
    server.begin(this);
    if (this.deadlineMs < stream.deadline) this.#timer = new LongTimer(() => this.#timeUp(), bound.settings.maxTimeoutMs);
  }

  get path(): string {
    return methodPath(this.method);
  }

  #timeUp(): void {
    const within = `within ${this.bound.settings.maxTimeoutMs.toLocaleString("en")} ms`;
    this.cutOff(new RpcError(Code.DEADLINE_EXCEEDED, `deadline exceeded: ${this.path} did not end ${within}`));
  }

  // From the request to the response.

  /** Runs the call when its header has arrived. */
  open(): void {
    if (this.#intercepts(undefined, false, 0)) return;
    if (this.bound.responseStream) this.#serveStream(undefined, false, 0);
    else this.#serve();
  }

  /**
   * Runs the call with its only request. A unary call needs no promise other than that of its
   * handler.
   */
  answer(request: Buffer, compressed: boolean, start: number): void {
    if (this.#intercepts(request, compressed, start)) return;
    const { handler, responseStream } = this.bound;
    if (responseStream) {
      this.#serveStream(request, compressed, start);
      return;
    }
    try {
      const response = handler(this.receive(request, compressed, start), this.context);
      if (isPromise(response)) this.#await(response);
      else this.#respond(response);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Responds with what an async handler returns. */
  #await(response: Promise<unknown>): void {
    response.then(
      (response) => this.#respond(response),
      (error: unknown) => this.fail(error),
    );
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

  /**
   * Runs the handler inside the interceptors, and ends the call with their response. Returns whether
   * there are any.
   */
  #intercepts(request: Buffer | undefined, compressed: boolean, start: number): boolean {
    if (this.bound.settings.interceptors.all.length === 0) return false;
    try {
      const interceptors = this.bound.settings.interceptors.enabled();
      if (interceptors.all.length === 0) return false;
      this.#interception = new Interception(this, interceptors, request, compressed, start);
      const response = this.#interception.run();
      const output = this.#interception.passedOn;
      // Examines a response that interceptors have passed on first: it is the most frequent one.
      if (output !== undefined) this.#await(output);
      else if (response instanceof OneMessage || !isPromise(response)) this.#deliver(response);
      else
        response.then(
          (response) => this.#deliver(response),
          (error: unknown) => this.fail(error),
        );
    } catch (error) {
      this.fail(error);
    }
    return true;
  }

  #deliver(response: AnyResponse): void {
    if (this.#ended) return;
    if (!this.bound.responseStream) {
      this.#respond(OneMessage.of(response));
      return;
    }
    try {
      this.#write(HandlerStream.of(response));
    } catch (error) {
      this.fail(error);
    }
  }

  /**
   * Runs a handler with a response stream, without interceptors. It needs no promise other than
   * those of the handler.
   */
  #serveStream(request: Buffer | undefined, compressed: boolean, start: number): void {
    try {
      const input = request === undefined ? this.openRequests() : this.receive(request, compressed, start);
      this.#write(this.bound.handler(input, this.context));
    } catch (error) {
      this.fail(error);
    }
  }

  /** Runs a handler with one response whose request has not arrived, without interceptors. */
  async #serve(): Promise<void> {
    try {
      const input = this.bound.requestStream ? this.openRequests() : await this.readRequest();
      this.#respond(await this.bound.handler(input, this.context));
    } catch (error) {
      this.fail(error);
    }
  }

  async readRequest(): Promise<Message> {
    return this.#only(await this.openRequests().next());
  }

  openRequests(): Requests {
    this.#requests = new Requests(this.stream, this);
    if (this.stop !== undefined) this.#requests.fail(this.stop);
    return this.#requests;
  }

  #only({ value }: IteratorResult<Message, undefined>): Message {
    if (value === undefined) throw new RpcError(Code.UNIMPLEMENTED, `no request message for ${this.path}`);
    return value;
  }

  observe(observer: MessageObserver): void {
    this.stream.observe?.(observer);
  }

  #write(responses: unknown): void {
    if (!isIterable(responses)) throw notIterable(this.method, responses);
    this.#responses = new ResponseWriter(iteratorOf(responses), this, this.#interception?.scope);
    // In process, the handler itself may have ended the call.
    if (this.#ended) this.#responses.stop();
    else this.#responses.write();
  }

  onResponsesEnd(): void {
    this.#end(undefined);
  }

  onResponsesFail(thrown: unknown): void {
    this.fail(thrown);
  }

  // Called by the transport.

  onMessage(message: Buffer, compressed: boolean, start = 0): void {
    this.#requests?.push(message, compressed, start);
  }

  onHalfClose(): void {
    this.#requests?.close();
  }

  onDrain(): void {
    // A generator runs in the context of the one who asks for the next response.
    if (this.#responses !== undefined) enter(this, drain, this.#responses);
  }

  onCancel({ code, message }: Status): void {
    this.#gone = true;
    this.cutOff(new RpcError(code, message));
  }

  // The end.

  /** Asks the handler to stop: aborts its signal, and fails its requests. */
  abort(reason: RpcError): void {
    if (this.#ended || this.aborted !== undefined) return;
    enter(this, () => this.signalAbort(reason));
    this.#requests?.fail(reason);
  }

  /** Ends the call without waiting for the handler. */
  cutOff(reason: RpcError): void {
    if (this.#ended || this.#cut) return;
    this.#cut = true;
    // What runs the handler's `finally`, and its listeners, belongs to the call.
    enter(this, () => {
      this.abort(reason);
      this.#responses?.stop();
      this.#end(reason);
    });
  }

  /** Why the handler must not run or must stop. */
  get stop(): RpcError | undefined {
    return this.aborted ?? (this.#ended ? this.endReason : undefined);
  }

  /** Ends the call with a thrown value. Reports it if it is a fault. */
  fail(thrown: unknown): void {
    const stopped = this.#stopped(thrown);
    if (stopped === undefined && (!(thrown instanceof RpcError) || thrown instanceof InterceptorFault || thrown instanceof HandlerFault))
      this.report(thrown);
    if (!this.#ended) this.#end(stopped ?? RpcError.from(thrown));
  }

  /**
   * Returns the reason for an abort if the handler threw it, an AbortError, or an error that it
   * caused, when it was asked to stop. That is not a fault.
   */
  #stopped(thrown: unknown): RpcError | undefined {
    const { stop } = this;
    // Jest runs tests in a realm of their own, so its `Error` is not that of Node's AbortError.
    if (thrown === stop || (thrown as Partial<Error> | null | undefined)?.name === "AbortError") return stop;
    // Thrown by a call that has inherited the cancellation.
    return thrown instanceof RpcError && thrown.cause === stop ? stop : undefined;
  }

  report(error: unknown): void {
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
    this.#server.running.delete(this);
    this.#timer?.clear();
    this.#requests?.over();
    if (this.#gone) {
      this.#over(error);
      return;
    }
    if (error !== undefined && error instanceof StreamReset && this.stream.reset !== undefined) {
      this.stream.reset();
      this.#over(error);
      return;
    }
    const status = this.#close(error);
    const response = status === undefined || status.code === Code.OK ? this.#response : undefined;
    this.stream.end(status, response, this.announced !== "identity" && this.compress);
    this.#over(status === undefined || status.code === Code.OK ? undefined : (error ?? new RpcError(status.code, status.message)));
  }

  /** Tells the handler, what waits for it, and the interceptors that the call has ended. */
  #over(error: RpcError | undefined): void {
    this.#server.counts.end(error === undefined);
    this.signalEnd(error);
    const interception = this.#interception;
    if (interception === undefined) return;
    if (interception.waits) interception.cut(this.aborted ?? this.endReason);
    const written = interception.observesSizes ? this.stream.written : undefined;
    if (written === undefined) interception.ended(error);
    else {
      const end = () => enter(this, ended, interception, error);
      void written.then(end, end);
    }
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
      this.report(fault);
      if (error !== undefined && fault instanceof MetadataError) return outcomeWithout(error, fault);
      return statusFromError(RpcError.from(fault));
    }
  }
}

function ended(interception: Interception, error: RpcError | undefined): void {
  interception.ended(error);
}

function drain(responses: ResponseWriter): void {
  responses.drain();
}
