// What calls that may be sent again need of their channel.
import type { ClientStream, OutgoingCall } from "../../transport/client.ts";
import type { AttemptListener } from "../../transport/connection.ts";
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

/** What an attempt, or the policy of a method, changes in a call. */
export interface CallChanges {
  readonly deadline?: number;
  readonly waitForReady?: boolean | undefined;
  readonly previousAttempts?: number;
}

/** A call with changes. The client's object stays as it is. */
export class ChangedCall implements OutgoingCall {
  readonly method;
  readonly metadata;
  readonly deadline: number;
  readonly compression;
  readonly waitForReady: boolean | undefined;
  readonly authority;
  readonly request: OutgoingCall["request"];
  readonly previousAttempts: number;

  constructor(call: OutgoingCall, changes: CallChanges) {
    this.method = call.method;
    this.metadata = call.metadata;
    this.deadline = changes.deadline ?? call.deadline;
    this.compression = call.compression;
    this.waitForReady = changes.waitForReady ?? call.waitForReady;
    this.authority = call.authority;
    this.request = call.request;
    this.previousAttempts = changes.previousAttempts ?? call.previousAttempts;
  }
}
