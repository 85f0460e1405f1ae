// Observers of requests, for traces and metrics.
import type { DescMethod } from "@bufbuild/protobuf";
import { type Code, type Metadata, RpcError } from "@grpc-study/rpc";
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
  /** Called once when the call to the upstream begins. */
  readonly call?: ((call: ObservedCall) => void) | undefined;
  /** Called once when the response is complete, or the client has gone. */
  readonly end?: ((end: ObservedEnd) => void) | undefined;
}

/**
 * Called for each request in each protocol, before its body is read. It observes, and must not throw:
 * its errors are logged, and change nothing.
 */
export interface GatewayObserver {
  (request: RequestInfo, protocol: "http" | "grpc"): RequestObserver | undefined;
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
  static begin({ observe, logger }: Observing, request: RequestInfo, protocol: "http" | "grpc"): Observation | undefined {
    const observer = observe && safely(logger, () => observe(request, protocol));
    return observer && new Observation(observer, logger);
  }

  get logFields(): Readonly<Record<string, unknown>> | undefined {
    return this.#observer.logFields;
  }

  call(call: ObservedCall): void {
    this.#called = true;
    safely(this.#logger, () => this.#observer.call?.(call));
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

function safely<T>(logger: ErrorLog | undefined, run: () => T): T | undefined {
  try {
    return run();
  } catch (thrown) {
    logger?.error({ err: RpcError.from(thrown).cause ?? thrown }, "the observer of the gateway threw an error");
    return undefined;
  }
}
