// Reports the attempts of a call to its observer: `ClientCall.onAttempt()`.
import { Code } from "../../protocol/code.ts";
import type { Compression } from "../../protocol/compression.ts";
import { errorFromStatus, RpcError } from "../../protocol/error.ts";
import { Metadata } from "../../protocol/metadata.ts";
import { requestFault } from "../../protocol/metadata-rules.ts";
import type { Status } from "../../protocol/status.ts";
import type { Attempt, AttemptObserver, ClientStream, OutgoingCall } from "../../transport/client.ts";
import type { AttemptListener, Progress } from "../../transport/connection.ts";
import { bothObservers, type MessageObserver, safely } from "../../transport/message-size.ts";
import { type AttemptSource, ChangedCall } from "./attempts.ts";

type EndListener = (error: RpcError | undefined) => void;

/** Opens the attempts of one call. */
export class ObservedAttempts implements AttemptSource {
  readonly #source: AttemptSource;
  readonly #observer: AttemptObserver;
  /** Whether the call has a retry or hedging policy. Without one, the first attempt is the call itself. */
  readonly #policy: boolean;
  /** The largest `previousAttempts` so far. */
  #previous = -1;

  constructor(source: AttemptSource, observer: AttemptObserver, policy: boolean) {
    this.#source = source;
    this.#observer = observer;
    this.#policy = policy;
  }

  openAttempt(call: OutgoingCall, listener: AttemptListener): ClientStream {
    const { previousAttempts } = call;
    const transparent = previousAttempts <= this.#previous;
    this.#previous = Math.max(previousAttempts, this.#previous);
    if (!this.#policy && !transparent) return this.#source.openAttempt(call, listener);
    const attempt = new ObservedAttempt(call, transparent);
    tell(this.#observer, attempt);
    const { metadata, sizes: onMessageSize } = attempt;
    const valid = requestFault(metadata) === undefined;
    const stream = new ObservedStream(listener, attempt);
    stream.open(this.#source, new ChangedCall(call, { onMessageSize, ...(valid && { metadata }) }));
    return stream;
  }
}

class ObservedAttempt implements Attempt {
  readonly previousAttempts: number;
  readonly transparent: boolean;
  readonly metadata: Metadata;
  stream: ClientStream | undefined;
  #listeners: EndListener[] = [];
  /** What observes the messages of the attempt, with that of the call. */
  sizes: MessageObserver | undefined;
  #outcome: { readonly error: RpcError | undefined } | undefined;

  constructor({ previousAttempts, metadata, onMessageSize }: OutgoingCall, transparent: boolean) {
    this.previousAttempts = previousAttempts;
    this.transparent = transparent;
    this.metadata = new Metadata(metadata);
    this.sizes = onMessageSize;
  }

  get peer(): string | undefined {
    return this.stream?.peer;
  }

  onEnd(listener: EndListener): void {
    if (this.#outcome === undefined) this.#listeners.push(listener);
    else tell(listener, this.#outcome.error);
  }

  onMessageSize(observer: MessageObserver): void {
    this.sizes = bothObservers(this.sizes, safely(observer));
  }

  ended(error: RpcError | undefined): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = { error };
    for (const listener of this.#listeners) tell(listener, error);
    this.#listeners = [];
  }
}

class ObservedStream implements ClientStream, AttemptListener {
  readonly #listener: AttemptListener;
  readonly #attempt: ObservedAttempt;
  #stream: ClientStream | undefined;

  constructor(listener: AttemptListener, attempt: ObservedAttempt) {
    this.#listener = listener;
    this.#attempt = attempt;
  }

  open(source: AttemptSource, call: OutgoingCall): void {
    this.#stream = source.openAttempt(call, this);
    this.#attempt.stream = this.#stream;
  }

  get peer(): string | undefined {
    return this.#stream?.peer;
  }

  get waitsFor(): string | undefined {
    return this.#stream?.waitsFor;
  }

  send(message: Buffer, compress: boolean): boolean {
    return this.#stream?.send(message, compress) ?? false;
  }

  halfClose(): void {
    this.#stream?.halfClose();
  }

  pull(): void {
    this.#stream?.pull();
  }

  cancel(code: Code, message: string): void {
    this.#stream?.cancel(code, message);
    this.#attempt.ended(new RpcError(code, message));
  }

  onHeader(header: Metadata | undefined, compression: Compression): void {
    this.#listener.onHeader(header, compression);
  }

  onMessage(message: Buffer, compressed: boolean): void {
    this.#listener.onMessage(message, compressed);
  }

  onDrain(): void {
    this.#listener.onDrain();
  }

  onEnd(status: Status, progress: Progress, pushback: string | undefined): void {
    this.#attempt.ended(status.code === Code.OK ? undefined : errorFromStatus(status));
    this.#listener.onEnd(status, progress, pushback);
  }
}

/** What the observer throws has no recipient, and must not affect the call. */
function tell<T>(observer: (value: T) => void, value: T): void {
  try {
    observer(value);
  } catch {
    // See above.
  }
}
