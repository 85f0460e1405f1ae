// Enforces the limits that a method's configuration sets for time and message sizes.
import { LongTimer } from "../../long-timer.ts";
import { Code } from "../../protocol/code.ts";
import type { Compression } from "../../protocol/compression.ts";
import type { Metadata } from "../../protocol/metadata.ts";
import type { Status } from "../../protocol/status.ts";
import { steadyNow } from "../../steady-clock.ts";
import type { ClientListener, ClientStream, OutgoingCall } from "../../transport/client.ts";
import type { MethodPolicy } from "./policy.ts";

export function isLimited({ timeoutMs, maxRequestBytes, maxResponseBytes }: MethodPolicy): boolean {
  return (
    timeoutMs !== Number.POSITIVE_INFINITY || maxRequestBytes !== Number.POSITIVE_INFINITY || maxResponseBytes !== Number.POSITIVE_INFINITY
  );
}

function localStatus(code: Code, message: string): Status {
  return { code, message, metadata: undefined, cause: new Error(message) };
}

export class LimitedCall implements ClientStream, ClientListener {
  readonly #path: string;
  readonly #listener: ClientListener;
  readonly #policy: MethodPolicy;
  readonly #timer: LongTimer | undefined;
  #stream: ClientStream | undefined;
  #ended = false;
  /** The status that the call ends with in the next tick. */
  #failure: Status | undefined;

  /** @param open opens the underlying call. */
  constructor(call: OutgoingCall, listener: ClientListener, policy: MethodPolicy, open: (listener: ClientListener) => ClientStream) {
    const { timeoutMs } = policy;
    this.#path = call.method.path;
    this.#listener = listener;
    this.#policy = policy;
    // If the caller's deadline is earlier, the client's call enforces it.
    this.#timer = steadyNow() + timeoutMs < call.deadline ? new LongTimer(() => this.#timeUp(), timeoutMs) : undefined;
    if (this.#fits(call.request)) this.#stream = open(this);
  }

  get peer(): string | undefined {
    return this.#stream?.peer;
  }

  get waitsFor(): string | undefined {
    return this.#stream?.waitsFor;
  }

  send(message: Buffer, compress: boolean): boolean {
    if (this.#ended || this.#stream === undefined || !this.#fits(message)) return false;
    return this.#stream.send(message, compress);
  }

  halfClose(): void {
    if (!this.#ended) this.#stream?.halfClose();
  }

  pull(): void {
    if (!this.#ended) this.#stream?.pull();
  }

  cancel(code: Code, message: string): void {
    this.#failure = undefined;
    if (!this.#ended) this.#end(code, message);
  }

  onHeader(header: Metadata | undefined, compression: Compression): void {
    this.#listener.onHeader(header, compression);
  }

  onMessage(message: Buffer, compressed: boolean): void {
    const { maxResponseBytes } = this.#policy;
    if (message.length <= maxResponseBytes) this.#listener.onMessage(message, compressed);
    else
      this.#fail(
        Code.RESOURCE_EXHAUSTED,
        `the response is ${message.length} bytes long, and maxResponseBytes of ${this.#path} is ${maxResponseBytes}`,
      );
  }

  onDrain(): void {
    this.#listener.onDrain();
  }

  onStatus(status: Status): void {
    this.#ended = true;
    this.#timer?.clear();
    this.#listener.onStatus(status);
  }

  /**
   * Whether a request is within its limit. If not, ends the call. The status follows in the next
   * tick, since `open` and `send` must not call the listener.
   */
  #fits(request: Buffer | undefined): boolean {
    const { maxRequestBytes } = this.#policy;
    if (request === undefined || request.length <= maxRequestBytes) return true;
    const message = `the request is ${request.length} bytes long, and maxRequestBytes of ${this.#path} is ${maxRequestBytes}`;
    this.#end(Code.RESOURCE_EXHAUSTED, message);
    this.#failure = localStatus(Code.RESOURCE_EXHAUSTED, message);
    process.nextTick(() => {
      if (this.#failure !== undefined) this.#listener.onStatus(this.#failure);
    });
    return false;
  }

  #timeUp(): void {
    this.#fail(Code.DEADLINE_EXCEEDED, `deadline exceeded: ${this.#path} took longer than ${this.#policy.timeoutMs} ms`);
  }

  #fail(code: Code, message: string): void {
    this.#end(code, message);
    this.#listener.onStatus(localStatus(code, message));
  }

  #end(code: Code, message: string): void {
    this.#ended = true;
    this.#timer?.clear();
    this.#stream?.cancel(code, message);
  }
}
