// The recent events of a server, a channel or a subchannel (gRFC A14, channel trace).

export type Severity = "info" | "warning";

export interface TraceEvent {
  readonly description: string;
  readonly severity: Severity;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** How many events a trace keeps. The oldest one goes first. */
const capacity = 30;

export class Trace {
  /** Milliseconds since 1970. */
  readonly createdAt = Date.now();
  /** The number of events, including those that are gone. */
  logged = 0;
  readonly #events: TraceEvent[] = [];

  /** The events, the oldest first. */
  get events(): readonly TraceEvent[] {
    return this.#events;
  }

  add(description: string, severity: Severity = "info"): void {
    this.logged++;
    if (this.#events.length === capacity) this.#events.shift();
    this.#events.push({ description, severity, at: Date.now() });
  }
}
