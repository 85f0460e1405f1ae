// The counts that channelz shows. They are plain fields, so a call pays a few additions, whether
// somebody looks at them or not.

/** The timers of the process itself: virtual time would stop the clock of the counts. */
const { setInterval } = globalThis;

/** The time that events get: milliseconds since 1970, or NaN while no times are recorded. */
let now = Number.NaN;

/** How exact the times are, in milliseconds. Reading the clock for each event costs up to a sixth of a call. */
const resolutionMs = 100;

/** Records the times of events from now on, to a tenth of a second. */
export function recordTimes(): void {
  if (!Number.isNaN(now)) return;
  now = Date.now();
  setInterval(() => {
    now = Date.now();
  }, resolutionMs).unref();
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
    this.lastStartedAt = now;
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
    this.lastStreamAt = now;
  }

  messageSent(): void {
    this.sent++;
    this.lastSentAt = now;
  }

  messageReceived(): void {
    this.received++;
    this.lastReceivedAt = now;
  }
}
