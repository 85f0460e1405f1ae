// A channel: what calls are opened by.
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import type { Channel, ChannelState, ClientListener, ClientStream, OutgoingCall } from "../transport/client.ts";
import type { ChannelConfig, StateListener } from "./options.ts";
import type { Retries } from "./retry/retries.ts";
import type { SharedChannel } from "./shared-channel.ts";

/** One user's share of connections. */
export class PooledChannel implements Channel {
  readonly target: string;
  readonly authority: string;
  readonly secure: boolean;
  readonly #shared: SharedChannel;
  readonly #retries: Retries;
  readonly #release: () => void;
  readonly #onStateChange: StateListener | undefined;
  #closed = false;

  /** @param release called once, by `close`. */
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
    // One function may listen to several channels.
    this.#onStateChange = onStateChange && ((state, failure) => onStateChange(state, failure));
    if (this.#onStateChange !== undefined) shared.addStateListener(this.#onStateChange);
  }

  get state(): ChannelState {
    return this.#closed ? "closed" : this.#shared.state;
  }

  connect(): Promise<void> {
    return this.#closed ? Promise.reject(new RpcError(Code.CANCELLED, this.#closedText)) : this.#shared.connect(this);
  }

  open(call: OutgoingCall, listener: ClientListener): ClientStream {
    return this.#closed ? refused(listener, this.#closedText) : this.#retries.open(call, listener, this.#shared);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#onStateChange !== undefined) this.#shared.removeStateListener(this.#onStateChange);
    this.#shared.giveUp(this, new RpcError(Code.CANCELLED, this.#closedText));
    this.#release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get #closedText(): string {
    return `the channel to ${this.target} is closed`;
  }
}

/** A call that ends with CANCELLED before anything is done for it. */
function refused(listener: ClientListener, message: string): ClientStream {
  let ended = false;
  // As with calls that have no connection (see failedAttempt).
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
