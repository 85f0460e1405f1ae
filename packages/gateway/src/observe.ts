// Observers of requests, for traces and metrics.
import type { DescMethod } from "@bufbuild/protobuf";
import { type Attempt, type ClientInterceptor, type Code, type MessageSize, type Metadata, RpcError } from "@grpc-study/rpc";
import type { RequestInfo } from "./hooks.ts";
import type { Protocol } from "./protocols.ts";

/** The call to the upstream that a request causes. */
export interface ObservedCall {
  /** `/package.Service/Method`. */
  readonly method: string;
  /** The target of the upstream's channel. */
  readonly target: string;
  /** The metadata of the call. The observer may set keys, such as a trace context. */
  readonly metadata: Metadata;
  /**
   * Calls the observer when an attempt of the call begins, as `ClientCall.onAttempt()` of
   * `@grpc-study/rpc` does. May be used while the observer of the request is told of the call.
   */
  onAttempt(observer: (attempt: Attempt) => void): void;
  /** Calls the observer with the size of each message of the call, as `ClientCall.onMessageSize()` does. */
  onMessageSize(observer: (message: MessageSize) => void): void;
}

/** How a request has ended. */
export interface ObservedEnd {
  readonly protocol: Protocol;
  /** The status of the call, or of the gateway's own error. CANCELLED if the client has gone. */
  readonly code: Code;
  /** The HTTP status. 101 for a WebSocket, and 200 for gRPC. */
  readonly status: number;
  /** The path template of the route in REST, or the path of the method. Undefined without a route. */
  readonly route: string | undefined;
  /** The method of the upstream. Undefined if the request did not reach one. */
  readonly method: DescMethod | undefined;
  /** When the call to the upstream ended, by `performance.now()`. Undefined without one. */
  readonly callEndedAt: number | undefined;
}

/** Observes one request. */
export interface RequestObserver {
  /** Fields of the request's lines in the log, such as the id of a trace. */
  readonly logFields?: Readonly<Record<string, unknown>> | undefined;
  /** Called with the size of each message between a client in gRPC and the gateway. `end` follows the last one. */
  readonly message?: ((message: MessageSize) => void) | undefined;
  /** Called once when the call to the upstream begins. */
  readonly call?: ((call: ObservedCall) => void) | undefined;
  /** Called once when the response is complete, or the client has gone. */
  readonly end?: ((end: ObservedEnd) => void) | undefined;
}

/**
 * Called for each request in each protocol, before its body is read. It observes, and must not throw:
 * its errors are logged, and change nothing.
 *
 * `route` is the path of the method that a request in gRPC calls. It is undefined if the gateway does
 * not have the method, and for other protocols, whose route is known at the end.
 */
export interface GatewayObserver {
  (request: RequestInfo, protocol: "http" | "grpc", route: string | undefined): RequestObserver | undefined;
  /** Asked once for each request. If it returns false, nothing observes the request. Default: always enabled. */
  readonly enabled?: () => boolean;
}

/** The part of a log that an observation writes to. */
interface ErrorLog {
  error(fields: object, message: string): void;
}

/** What the observation needs of the gateway's settings. */
interface Observing {
  readonly observe: GatewayObserver | undefined;
  readonly logger: ErrorLog | undefined;
}

/** Whether the next request is observed. */
export function isObserving({ observe, logger }: Observing): boolean {
  return observe !== undefined && (observe.enabled === undefined || safely(logger, observe.enabled) === true);
}

/** The observer of one request, whose errors are logged. */
export class Observation {
  readonly #observer: RequestObserver;
  readonly #logger: ErrorLog | undefined;
  #called = false;
  #callEndedAt: number | undefined;
  #ended = false;

  private constructor(observer: RequestObserver, logger: ErrorLog | undefined) {
    this.#observer = observer;
    this.#logger = logger;
  }

  /** Undefined if nothing observes the request. */
  static begin(
    { observe, logger }: Observing,
    request: RequestInfo,
    protocol: "http" | "grpc",
    route: string | undefined,
  ): Observation | undefined {
    const observer = observe && safely(logger, () => observe(request, protocol, route));
    return observer && new Observation(observer, logger);
  }

  get logFields(): Readonly<Record<string, unknown>> | undefined {
    return this.#observer.logFields;
  }

  /** Returns what observes the attempts and the messages of the call. */
  call(call: Omit<ObservedCall, "onAttempt" | "onMessageSize">): CallObservers {
    this.#called = true;
    const observers = new CallObservers(call, this.#logger);
    safely(this.#logger, () => this.#observer.call?.(observers));
    return observers;
  }

  /** Observes the messages of a client in gRPC. Undefined if nothing does. */
  get message(): ((message: MessageSize) => void) | undefined {
    const observer = this.#observer.message;
    return observer && ((message) => void safely(this.#logger, () => observer.call(this.#observer, message)));
  }

  callEnded(): void {
    if (this.#called) this.#callEndedAt ??= performance.now();
  }

  end(end: Omit<ObservedEnd, "callEndedAt">): void {
    if (this.#ended) return;
    this.#ended = true;
    this.callEnded();
    safely(this.#logger, () => this.#observer.end?.({ ...end, callEndedAt: this.#callEndedAt }));
  }
}

/** A call, and what observes it. */
export class CallObservers implements ObservedCall {
  readonly method: string;
  readonly target: string;
  readonly metadata: Metadata;
  readonly #logger: ErrorLog | undefined;
  #onAttempt: ((attempt: Attempt) => void) | undefined;
  #onMessageSize: ((message: MessageSize) => void) | undefined;

  constructor({ method, target, metadata }: Pick<ObservedCall, "method" | "target" | "metadata">, logger: ErrorLog | undefined) {
    this.#logger = logger;
    this.method = method;
    this.target = target;
    this.metadata = metadata;
  }

  onAttempt(observer: (attempt: Attempt) => void): void {
    this.#onAttempt = both(this.#onAttempt, this.#safe(observer));
  }

  onMessageSize(observer: (message: MessageSize) => void): void {
    this.#onMessageSize = both(this.#onMessageSize, this.#safe(observer));
  }

  #safe<T>(observer: (value: T) => void): (value: T) => void {
    return (value) => void safely(this.#logger, () => observer(value));
  }

  get attempts(): ((attempt: Attempt) => void) | undefined {
    return this.#onAttempt;
  }

  get sizes(): ((message: MessageSize) => void) | undefined {
    return this.#onMessageSize;
  }

  /** The interceptors that observe a call of a client. Undefined if nothing observes it. */
  get interceptors(): readonly ClientInterceptor[] | undefined {
    const { attempts, sizes } = this;
    if (attempts === undefined && sizes === undefined) return undefined;
    const observe: ClientInterceptor = (call, next) => {
      if (attempts !== undefined) call.onAttempt(attempts);
      if (sizes !== undefined) call.onMessageSize(sizes);
      return next();
    };
    return [observe];
  }
}

function both<T>(first: ((value: T) => void) | undefined, second: (value: T) => void): (value: T) => void {
  if (first === undefined) return second;
  return (value) => {
    first(value);
    second(value);
  };
}

function safely<T>(logger: ErrorLog | undefined, run: () => T): T | undefined {
  try {
    return run();
  } catch (thrown) {
    logger?.error({ err: RpcError.from(thrown).cause ?? thrown }, "the observer of the gateway threw an error");
    return undefined;
  }
}
