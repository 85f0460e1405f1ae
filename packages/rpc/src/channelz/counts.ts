// The counts that channelz shows. They are plain fields, so a call pays a few additions, whether
// somebody looks at them or not.

let timed = false;

/**
 * Records times from now on. Until then no count reads the clock, which costs more than all of them.
 */
export function recordTimes(): void {
  timed = true;
}

/** The calls of a server, a channel, or a subchannel. */
export class CallCounts {
  started = 0;
  succeeded = 0;
  failed = 0;
  /** Milliseconds since 1970. NaN if no call has begun since `recordTimes`. */
  lastStartedAt = Number.NaN;

  begin(): void {
    this.started++;
    if (timed) this.lastStartedAt = Date.now();
  }

  /** @param ok whether the status of the call is OK. */
  end(ok: boolean): void {
    if (ok) this.succeeded++;
    else this.failed++;
  }
}

/** The messages of one connection. The times are those of `CallCounts`. */
export class MessageCounts {
  sent = 0;
  received = 0;
  lastSentAt = Number.NaN;
  lastReceivedAt = Number.NaN;
  lastStreamAt = Number.NaN;

  streamBegins(): void {
    if (timed) this.lastStreamAt = Date.now();
  }

  messageSent(): void {
    this.sent++;
    if (timed) this.lastSentAt = Date.now();
  }

  messageReceived(): void {
    this.received++;
    if (timed) this.lastReceivedAt = Date.now();
  }
}
