// One request to the gateway: the state and the call options that every kind of call needs.
import type { DescMethod } from "@bufbuild/protobuf";
import { type ClientInterceptor, Code, type Metadata, type MetadataInit, methodPath, RpcError } from "@grpc-study/rpc";
import type { CallLimits, ClientCalls } from "./call-limits.ts";
import { Cancellation } from "./cancellation.ts";
import { longestMs } from "./check-values.ts";
import { type GatewayHooks, hookMetadata, type MetadataHook, replaceMetadata } from "./hooks.ts";
import type { BodyLimits } from "./http/body.ts";
import type { ErrorWriter } from "./http/errors.ts";
import type { HeaderRules } from "./http/header-rules.ts";
import type { HttpRequest, ResponseHeaders } from "./http/message.ts";
import { type GatewayObserver, isObserving, Observation } from "./observe.ts";
import type { GatewayLogger } from "./options.ts";
import type { Protocol } from "./protocols.ts";
import type { UpstreamCall } from "./route.ts";
import type { Running, RunningCall } from "./running.ts";
import type { UpstreamConnection } from "./upstreams.ts";

/** Changes the headers of each response, such as CORS. */
export type ResponseFilter = (request: HttpRequest, headers: MutableHeaders) => void;

export type MutableHeaders = { -readonly [Name in keyof ResponseHeaders]: ResponseHeaders[Name] };

/** The settings that all requests of a gateway share. */
export interface Settings extends BodyLimits {
  readonly errors: ErrorWriter;
  readonly headerRules: HeaderRules;
  /** The calls in flight, so that shutdown can cancel them. */
  readonly running: Running;
  readonly callLimits: CallLimits;
  /** Headers of all responses. */
  readonly headers: ResponseHeaders;
  readonly filter: ResponseFilter | undefined;
  /** Origins whose pages may open a WebSocket. */
  readonly pageOrigins: readonly string[];
  readonly logger: GatewayLogger | undefined;
  readonly hooks: GatewayHooks;
  readonly observe: GatewayObserver | undefined;
}

/** One request. It is also the options of its call: one allocation instead of five. */
export abstract class Exchange implements RunningCall, UpstreamCall {
  readonly request: HttpRequest;
  readonly settings: Settings;
  readonly signal = new Cancellation();
  metadata: MetadataInit = {};
  /** What observes the call to the upstream. Set when it begins. */
  interceptors: readonly ClientInterceptor[] | undefined = undefined;
  timeoutMs = Number.POSITIVE_INFINITY;
  /** The status of the call, for the access log. */
  code: Code = Code.OK;
  readonly observation: Observation | undefined;
  /** The method that the request calls, once it is known. */
  #called: DescMethod | undefined;
  /** When the time of the call is up, on the monotonic clock, in milliseconds. */
  #timeUpAt = Number.POSITIVE_INFINITY;
  /** What the hook `metadata` has returned. */
  #hooked: Metadata | undefined;
  /** The calls of the client in `callLimits`, while the call is in flight. */
  #client: ClientCalls | undefined;
  /** The connection of the call, while the call is in flight. */
  #connection: UpstreamConnection | undefined;
  previous: RunningCall | undefined;
  next: RunningCall | undefined;

  constructor(request: HttpRequest, settings: Settings) {
    this.request = request;
    this.settings = settings;
    this.observation = isObserving(settings) ? Observation.begin(settings, request, "http", undefined) : undefined;
  }

  /** The route of the request: the path of its method, once that is known. */
  get route(): string | undefined {
    return this.#called && methodPath(this.#called);
  }

  /** Tells the observer that the request has ended. */
  protected observeEnd(protocol: Protocol, code: Code, status: number): void {
    this.observation?.end({ protocol, code, status, route: this.route, method: this.#called });
  }

  /**
   * Begins the client's time limit, which counts from the arrival of the header.
   *
   * @param timeoutMs in milliseconds. `undefined` without one.
   */
  limitTime(timeoutMs: number | undefined): void {
    if (timeoutMs !== undefined) this.#timeUpAt = performance.now() + timeoutMs;
  }

  /** The limits of a body that is read before the call begins: it must arrive before the client's time is up. */
  get bodyLimits(): BodyLimits {
    const { bodyLimit, bodyTimeoutMs } = this.settings;
    return { bodyLimit, bodyTimeoutMs: Math.min(bodyTimeoutMs, this.#remainingMs()) };
  }

  /** Milliseconds until the client's time is up. */
  #remainingMs(): number {
    return this.#timeUpAt === Number.POSITIVE_INFINITY ? this.#timeUpAt : Math.max(0, Math.ceil(this.#timeUpAt - performance.now()));
  }

  /**
   * Runs the hook `metadata`, and counts the call from then on. Call it before the body is read.
   *
   * @param limitMs the time limit of the method, in milliseconds, which begins as well.
   * @returns `undefined` without a hook. The promise rejects with the hook's error, with the reason of
   *   `cancel`, or with DEADLINE_EXCEEDED.
   * @throws HttpError 503 or 429 at a limit of `callLimits`.
   */
  authorize(method: DescMethod, protocol: Protocol, limitMs: number): Promise<void> | undefined {
    this.#called = method;
    const { metadata } = this.settings.hooks;
    if (metadata === undefined) return undefined;
    this.#timeUpAt = Math.min(this.#timeUpAt, performance.now() + limitMs);
    this.#count();
    return this.#authorize(metadata, method, protocol);
  }

  async #authorize(hook: MetadataHook, method: DescMethod, protocol: Protocol): Promise<void> {
    const { request, signal } = this;
    if (signal.aborted) throw signal.reason;
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    signal.addEventListener("abort", () => reject(signal.reason));
    const ms = this.#remainingMs();
    const timeUp = () => reject(new RpcError(Code.DEADLINE_EXCEEDED, "deadline exceeded"));
    const timer = ms === Number.POSITIVE_INFINITY ? undefined : setTimeout(timeUp, Math.min(ms, longestMs));
    try {
      this.#hooked = await Promise.race([hookMetadata(hook, { request, protocol, method }), stopped]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener();
    }
  }

  /** Counts the call until `release`. */
  #count(): void {
    const { request, settings } = this;
    this.#client = settings.callLimits.begin(request.addresses[0] ?? "");
    settings.running.add(this);
  }

  /**
   * Counts the call, and returns its options.
   *
   * @param limitMs the time limit of the method, in milliseconds.
   * @throws HttpError 503 or 429 at a limit of `callLimits`.
   */
  begin(metadata: Metadata, limitMs: number): UpstreamCall {
    const { settings } = this;
    this.timeoutMs = Math.min(this.#remainingMs(), limitMs);
    if (settings.hooks.metadata !== undefined) {
      if (this.#hooked === undefined) throw new Error("the call has not been authorized");
      replaceMetadata(metadata, this.#hooked);
    }
    this.metadata = metadata;
    if (this.#client === undefined) this.#count();
    return this;
  }

  use(connection: UpstreamConnection): void {
    if (this.signal.aborted) return;
    this.#connection = connection;
    connection.calls++;
    if (this.observation === undefined || this.#called === undefined) return;
    // Set by `begin`.
    const metadata = this.metadata as Metadata;
    const observers = this.observation.call({ method: methodPath(this.#called), target: connection.channel.target, metadata });
    this.interceptors = observers.interceptors;
  }

  /** Releases what the call holds: its place in the limits, and its connection. */
  protected release(): void {
    if (this.#client === undefined) return;
    this.observation?.callEnded();
    this.settings.running.delete(this);
    this.settings.callLimits.end(this.#client);
    this.#client = undefined;
    this.#connection?.end();
    this.#connection = undefined;
  }

  onHeader(_header: Metadata): void {}

  onTrailer(_trailer: Metadata): void {
    this.release();
  }

  /** Cancels the upstream call if it is in flight. */
  cancel(reason = new RpcError(Code.CANCELLED, "the HTTP client closed the request")): void {
    this.release();
    this.signal.abort(reason);
  }

  /** Ends the request at once, even if the response is incomplete. */
  abstract abort(): void;

  /** Logs the details that the client does not see. */
  log(error: RpcError): void {
    logError(this.settings.logger, error, this.request.requestId, this.observation);
  }
}

/** Logs the details of an error that the client does not see. */
export function logError(logger: GatewayLogger | undefined, error: RpcError, reqId: string, observation: Observation | undefined): void {
  if (logger === undefined || error.cause === undefined) return;
  const fields = { reqId, ...observation?.logFields };
  if (error.code === Code.INTERNAL) logger.error({ ...fields, err: error.cause }, error.message);
  else logger.warn(fields, error.message);
}
