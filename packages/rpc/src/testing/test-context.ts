// A context for tests that call a handler directly.
import type { DescMethod } from "@bufbuild/protobuf";
import {
  checkBoolean,
  checkFunction,
  checkObject,
  checkOptionNames,
  checkString,
  checkTime,
  type Names,
  optional,
  wrongType,
} from "../checks.ts";
import { ContextValues } from "../context-values.ts";
import { enter, useCurrentCall } from "../propagation/current.ts";
import { InnerCalls, type OuterCall } from "../propagation/outer-call.ts";
import { Code } from "../protocol/code.ts";
import { type Compression, checkCompression } from "../protocol/compression.ts";
import { RpcError } from "../protocol/error.ts";
import { Metadata, MetadataError, type MetadataInit } from "../protocol/metadata.ts";
import { metadataFault } from "../protocol/metadata-rules.ts";
import { methodPath } from "../protocol/method.ts";
import type { ClientCertificate } from "../security/peer-certificate.ts";
import type { Context } from "../server/context.ts";
import { ResponseMetadata } from "../server/response-metadata.ts";
import { toSteadyTime } from "../steady-clock.ts";

/** Options of `testContext()`. */
export interface TestContextOptions {
  /** The called method. Default: none, and a handler that reads `context.method` throws. */
  readonly method?: DescMethod | undefined;
  /** The metadata of the request. Default: none. */
  readonly metadata?: MetadataInit | undefined;
  /** The address of the caller. Default: `in-process`. */
  readonly peer?: string | undefined;
  /** The certificate of the caller. Default: none. */
  readonly clientCertificate?: ClientCertificate | undefined;
  /** The values that interceptors would have set. Default: none. */
  readonly values?: ContextValues | undefined;
  /**
   * The time that the call has left, in milliseconds. The signal aborts with DEADLINE_EXCEEDED once
   * it has passed. Default: Infinity.
   */
  readonly timeoutMs?: number | undefined;
  /** The server's compression of responses. Default: `identity`. */
  readonly compression?: Compression | undefined;
}

const names: Names<TestContextOptions> = {
  method: true,
  metadata: true,
  peer: true,
  clientCertificate: true,
  values: true,
  timeoutMs: true,
  compression: true,
};

/** The context of a call that a test makes by hand. */
export interface TestContext extends Context {
  /** The header as `sendHeader()` sent it. Undefined if the handler has not called it. */
  readonly sentHeader: Metadata | undefined;
  /**
   * Runs a function inside the call, and returns its result: `currentCall()` is this context, and the
   * calls that it makes inherit deadline, cancellation and metadata.
   */
  run<T>(inside: () => T): T;
  /** Cancels the call as its caller: the signal aborts with CANCELLED. */
  cancel(): void;
  /** Aborts the signal with this error, for example UNAVAILABLE as at the end of a shutdown. */
  abort(error: RpcError): void;
}

/** The longest delay of Node's timers. A longer one fires at once. */
const longestMs = 2 ** 31 - 1;

class HandContext implements TestContext {
  readonly metadata: Metadata;
  readonly peer: string;
  readonly clientCertificate: ClientCertificate | undefined;
  readonly values: ContextValues;
  readonly deadline: Date | undefined;
  readonly header: Metadata = new ResponseMetadata();
  readonly trailer: Metadata = new ResponseMetadata();
  readonly #method: DescMethod | undefined;
  readonly #controller = new AbortController();
  readonly #call: OuterCall;
  #compression: Compression;
  #compress = true;
  #sentHeader: Metadata | undefined;

  constructor({ method, metadata, peer, clientCertificate, values, timeoutMs, compression }: TestContextOptions) {
    this.#method = method;
    this.metadata = new Metadata(metadata);
    this.peer = peer ?? "in-process";
    this.clientCertificate = clientCertificate;
    this.values = values ?? new ContextValues();
    this.#compression = compression ?? "identity";
    this.deadline = timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY ? undefined : new Date(Date.now() + timeoutMs);
    this.#call = new TestCall(this, method, this.deadline);
    if (timeoutMs !== undefined && this.deadline !== undefined) this.#abortIn(timeoutMs);
  }

  #abortIn(leftMs: number): void {
    const stepMs = Math.min(leftMs, longestMs);
    const timer = setTimeout(() => {
      if (leftMs > stepMs) this.#abortIn(leftMs - stepMs);
      else this.abort(new RpcError(Code.DEADLINE_EXCEEDED, "deadline exceeded"));
    }, stepMs);
    // A test that has ended does not wait for it.
    timer.unref();
    this.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  }

  get method(): DescMethod {
    if (this.#method === undefined) throw new TypeError("the handler reads context.method: give testContext() the option method");
    return this.#method;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get compression(): Compression {
    return this.#compression;
  }

  set compression(compression: Compression) {
    this.#compression = checkCompression("compression", compression);
  }

  get compress(): boolean {
    return this.#compress;
  }

  set compress(compress: boolean) {
    this.#compress = checkBoolean("compress", compress);
  }

  get sentHeader(): Metadata | undefined {
    return this.#sentHeader;
  }

  sendHeader(): void {
    if (this.#sentHeader !== undefined) return;
    const fault = metadataFault(this.header);
    if (fault !== undefined) throw new MetadataError(fault);
    this.#sentHeader = this.header.clone();
  }

  run<T>(inside: () => T): T {
    checkFunction("the function of run()", inside);
    useCurrentCall();
    return enter(this.#call, inside);
  }

  cancel(): void {
    this.abort(new RpcError(Code.CANCELLED, "the caller cancelled the call"));
  }

  abort(error: RpcError): void {
    if (!(error instanceof RpcError)) throw wrongType("the error of abort()", "an RpcError", error);
    this.#controller.abort(error);
    this.#call.inner.end();
  }

  toJSON(): ReturnType<Context["toJSON"]> {
    return { method: this.#call.path, peer: this.peer, deadline: this.deadline?.toISOString() };
  }
}

/** The call, as the calls see it that are made inside it. */
class TestCall implements OuterCall {
  readonly context: Context;
  readonly path: string;
  readonly metadata: Metadata;
  readonly deadlineMs: number;
  readonly inner = new InnerCalls();

  constructor(context: Context, method: DescMethod | undefined, deadline: Date | undefined) {
    this.context = context;
    this.path = method === undefined ? "a call of testContext()" : methodPath(method);
    this.metadata = context.metadata;
    this.deadlineMs = toSteadyTime(deadline?.getTime() ?? Number.POSITIVE_INFINITY);
  }

  get stop(): RpcError | undefined {
    return this.context.signal.reason;
  }
}

/**
 * Creates a context for a call of one handler. The test reads `header` and `trailer` from it, and
 * aborts its signal with `cancel()`.
 *
 * @example
 * const context = testContext({ metadata: { "x-user": "ann" } });
 * assert.equal(sayHello(create(HelloRequestSchema, {}), context).message, "Hello ann");
 *
 * @throws TypeError or RangeError for a wrong option, MetadataError for wrong metadata.
 */
export function testContext(options: TestContextOptions = {}): TestContext {
  checkOptionNames("testContext()", options, names);
  const { method, peer, clientCertificate, values, timeoutMs, compression } = options;
  if (method !== undefined && method?.kind !== "rpc") throw wrongType("method", "a method of a service", method);
  optional(checkString, "peer", peer);
  optional(checkObject, "clientCertificate", clientCertificate);
  if (values !== undefined && !(values instanceof ContextValues)) throw wrongType("values", "a ContextValues", values);
  optional(checkTime, "timeoutMs", timeoutMs);
  optional(checkCompression, "compression", compression);
  // As in life, only `compression` and `compress` can be set.
  return Object.freeze(new HandContext(options));
}
