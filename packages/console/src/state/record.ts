// The record of a call: what was sent and received, and when.

import type { Status } from "../call/status.ts";
import type { CallEvent, Metadata } from "../call/types.ts";

/** One line of the record. */
export interface Entry {
  readonly kind: "request" | "message" | "header" | "halfClose" | "cancel" | "end";
  /** Milliseconds since the start of the call. */
  readonly at: number;
  /** A message in JSON. Empty for other entries. */
  readonly text: string;
  /** The size of a message. */
  readonly bytes: number;
}

export interface Totals {
  readonly messages: number;
  readonly bytes: number;
}

/** Grows while the call runs. A stream has many entries, so that views read it once a frame. */
export class CallRecord {
  readonly entries: Entry[] = [];
  readonly #now: () => number;
  readonly #start: number;
  header: Metadata | undefined;
  trailer: Metadata | undefined;
  status: Status | undefined;
  halfClosed = false;
  sent: Totals = { messages: 0, bytes: 0 };
  received: Totals = { messages: 0, bytes: 0 };
  headerAt: number | undefined;
  firstAt: number | undefined;
  endAt: number | undefined;

  /** @param now a monotonic clock in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#start = now();
  }

  request(text: string): void {
    const bytes = new TextEncoder().encode(text).length;
    this.sent = { messages: this.sent.messages + 1, bytes: this.sent.bytes + bytes };
    this.#add("request", text, bytes);
  }

  halfClose(): void {
    this.halfClosed = true;
    this.#add("halfClose");
  }

  cancel(): void {
    this.#add("cancel");
  }

  take(event: CallEvent): void {
    switch (event.type) {
      case "header":
        this.header = event.metadata;
        this.headerAt = this.#add("header").at;
        break;
      case "message": {
        const { at } = this.#add("message", event.text, event.bytes);
        this.firstAt ??= at;
        this.received = { messages: this.received.messages + 1, bytes: this.received.bytes + event.bytes };
        break;
      }
      case "end":
        this.status = event.status;
        this.trailer = event.trailer;
        this.endAt = this.#add("end").at;
    }
  }

  #add(kind: Entry["kind"], text = "", bytes = 0): Entry {
    const entry = { kind, at: this.#now() - this.#start, text, bytes };
    this.entries.push(entry);
    return entry;
  }
}
