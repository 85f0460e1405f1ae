// The channel that users hold. Several channels can share the connections of one `SharedChannel`.
import type { CallCounts } from "../channelz/counts.ts";
import { type ChannelEntity, channels, nextId, type SubchannelEntity } from "../channelz/entities.ts";
import type { Trace } from "../channelz/trace.ts";
import { outside } from "../propagation/current.ts";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import type { Channel, ChannelState, ClientListener, ClientStream, OutgoingCall } from "../transport/client.ts";
import type { ChannelConfig, StateListener } from "./options.ts";
import type { Retries } from "./retry/retries.ts";
import type { SharedChannel } from "./shared-channel.ts";

export class PooledChannel implements Channel, ChannelEntity {
  readonly id = nextId();
  readonly target: string;
  readonly authority: string;
  readonly secure: boolean;
  readonly #shared: SharedChannel;
  readonly #retries: Retries;
  readonly #release: () => void;
  readonly #onStateChange: StateListener | undefined;
  #closed = false;

  /** @param release called once by `close`. */
  constructor(
    target: string,
    authority: string,
    secure: boolean,
    shared: SharedChannel,
    { retries, onStateChange }: Pick<ChannelConfig, "retries" | "onStateChange">,
    release: () => void,
  ) {
    this.target = target;
    this.authority = authority;
    this.secure = secure;
    this.#shared = shared;
    this.#retries = retries;
    this.#release = release;
    // A function of its own, since channels that share connections may have the same listener.
    this.#onStateChange = onStateChange && ((state, failure) => onStateChange(state, failure));
    if (this.#onStateChange !== undefined) shared.addStateListener(this.#onStateChange);
    channels.add(this);
  }

  get name(): string {
    return this.target;
  }

  get counts(): CallCounts {
    return this.#retries.counts;
  }

  /** The trace of the connections, which channels may share. */
  get trace(): Trace {
    return this.#shared.trace;
  }

  get subchannels(): readonly SubchannelEntity[] {
    return this.#shared.subchannels;
  }

  get state(): ChannelState {
    return this.#closed ? "closed" : this.#shared.state;
  }

  connect(): Promise<void> {
    return this.#closed ? Promise.reject(new RpcError(Code.CANCELLED, this.#closedText)) : outside(() => this.#shared.connect(this));
  }

  open(call: OutgoingCall, listener: ClientListener): ClientStream {
    return this.#closed ? closedCall(listener, this.#closedText) : this.#retries.open(call, listener, this.#shared);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#onStateChange !== undefined) this.#shared.removeStateListener(this.#onStateChange);
    this.#shared.rejectWaits(this, new RpcError(Code.CANCELLED, this.#closedText));
    this.#release();
    channels.delete(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get #closedText(): string {
    return `the channel to ${this.target} is closed`;
  }
}

/** A call on a closed channel: it ends with CANCELLED. */
function closedCall(listener: ClientListener, message: string): ClientStream {
  let ended = false;
  // Not by a microtask, for the reason given at failedAttempt().
  setImmediate(() => {
    if (!ended) listener.onStatus({ code: Code.CANCELLED, message, metadata: undefined });
  });
  return {
    peer: undefined,
    send: () => true,
    halfClose() {},
    pull() {},
    cancel() {
      ended = true;
    },
  };
}
