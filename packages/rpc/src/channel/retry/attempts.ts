// The interface between the calls that retry and their channel.
import type { CallCounts } from "../../channelz/counts.ts";
import type { Metadata } from "../../protocol/metadata.ts";
import type { ClientStream, OutgoingCall } from "../../transport/client.ts";
import type { AttemptListener } from "../../transport/connection.ts";
import type { MessageObserver } from "../../transport/message-size.ts";
import type { RetryBudget } from "./request-buffer.ts";
import type { RetryThrottle } from "./throttle.ts";

/** Opens attempts. The channel implements it. */
export interface AttemptSource {
  /**
   * Opens an attempt. Without a connection, the attempt waits for one. The listener is called only
   * after this method has returned. An attempt that fails for lack of a connection ends as
   * `processed`, so that the retry policy applies to it.
   */
  openAttempt(call: OutgoingCall, listener: AttemptListener): ClientStream;
}

/** State that the calls of a channel share. */
export interface RetryState {
  /** Counts the calls, whatever the number of their attempts. */
  readonly counts: CallCounts;
  readonly budget: RetryBudget;
  readonly throttle: RetryThrottle | undefined;
}

/** Changes that an attempt or the policy of a method makes to a call. */
export interface CallChanges {
  readonly deadline?: number;
  readonly waitForReady?: boolean | undefined;
  readonly previousAttempts?: number;
  readonly metadata?: Metadata;
  readonly onMessageSize?: MessageObserver | undefined;
}

/** A copy of a call with changes. The client's object stays unchanged. */
export class ChangedCall implements OutgoingCall {
  readonly method;
  readonly metadata;
  readonly deadline: number;
  readonly compression;
  readonly waitForReady: boolean | undefined;
  readonly authority;
  readonly request: OutgoingCall["request"];
  readonly previousAttempts: number;
  readonly onMessageSize: MessageObserver | undefined;

  constructor(call: OutgoingCall, changes: CallChanges) {
    this.method = call.method;
    this.metadata = changes.metadata ?? call.metadata;
    this.deadline = changes.deadline ?? call.deadline;
    this.compression = call.compression;
    this.waitForReady = changes.waitForReady ?? call.waitForReady;
    this.authority = call.authority;
    this.request = call.request;
    this.previousAttempts = changes.previousAttempts ?? call.previousAttempts;
    this.onMessageSize = changes.onMessageSize ?? call.onMessageSize;
  }
}
