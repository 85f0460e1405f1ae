// The metadata of a call that has been given to a channel of grpc-js.
import { Metadata } from "@grpc/grpc-js";
import { formatTimeout, parseTimeout } from "../protocol/timeout.ts";
import type { RawCall } from "./grpc-interceptors.ts";

/** What the layers of grpc-js may know of a call. They outlive it at times, so they get this, and not the call. */
export class CallState {
  /** In milliseconds since 1970, or Infinity. */
  readonly deadline: number;
  /** The channel's call object, inside of interceptors. */
  raw: RawCall | undefined;
  /** Whether the call has been cancelled or has ended. */
  over = false;

  constructor(deadline: number) {
    this.deadline = deadline;
  }
}

const timeoutKey = "grpc-timeout";

/**
 * grpc-js copies a call's metadata once more for each attempt, in the moment in which it has a connection for it: that is when `grpc-timeout` is due.
 *
 * grpc-js itself is given no deadline. Its own timer ends a request stream by END_STREAM before the reset, which the server may take for the
 * whole request; and it throws, where nobody can catch it, at a deadline that it finds too far.
 */
export class StartedMetadata extends Metadata {
  readonly state: CallState;

  constructor(state: CallState, metadata: Metadata) {
    super(metadata.getOptions());
    this.state = state;
    this.merge(metadata);
  }

  override clone(): StartedMetadata {
    const copy = new StartedMetadata(this.state, this);
    const { deadline } = this.state;
    if (deadline !== Number.POSITIVE_INFINITY) copy.set(timeoutKey, formatTimeout(deadline - Date.now()));
    return copy;
  }

  override set(key: string, value: string | Buffer): void {
    // grpc-js knows other deadlines: that of a parent call, and that of a service config. The earlier one counts.
    const { deadline } = this.state;
    const sooner =
      key === timeoutKey && deadline !== Number.POSITIVE_INFINITY && (parseTimeout(String(value)) ?? 0) > deadline - Date.now();
    super.set(key, sooner ? formatTimeout(deadline - Date.now()) : value);
  }
}
