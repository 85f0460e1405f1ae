// What calls that may be sent again need of their channel.
import type { ClientStream, OutgoingCall } from "../../transport/client.ts";
import type { AttemptListener } from "../connection.ts";
import type { RetryBudget } from "./request-buffer.ts";
import type { RetryThrottle } from "./throttle.ts";

/** Opens attempts: a channel. */
export interface AttemptSource {
  /**
   * Opens an attempt on a connection, and waits for one where there is none. The listener is called after this has returned, never before.
   * An attempt that fails since there is no connection ends as `processed`: a policy decides about it.
   */
  openAttempt(call: OutgoingCall, listener: AttemptListener): ClientStream;
}

/** What the calls of a channel share. */
export interface RetryState {
  readonly budget: RetryBudget;
  readonly throttle: RetryThrottle | undefined;
}

/** The same call, as an attempt that a policy makes. */
export class RepeatedCall implements OutgoingCall {
  readonly method;
  readonly metadata;
  readonly deadline;
  readonly compression;
  readonly waitForReady;
  readonly authority;
  readonly request;
  readonly previousAttempts: number;

  constructor(call: OutgoingCall, previousAttempts: number) {
    this.method = call.method;
    this.metadata = call.metadata;
    this.deadline = call.deadline;
    this.compression = call.compression;
    this.waitForReady = call.waitForReady;
    this.authority = call.authority;
    this.request = call.request;
    this.previousAttempts = previousAttempts;
  }
}
