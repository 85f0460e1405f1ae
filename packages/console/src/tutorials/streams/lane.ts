// One stream on its wire: its events, shown one after the other at a pace that eyes can follow.
import { signal } from "@preact/signals";
import type { Status } from "../../call/status.ts";

export interface WireEvent {
  readonly id: number;
  readonly kind: "request" | "response" | "halfClose";
  readonly text: string;
  /** Milliseconds since the start of the call. */
  readonly ms: number;
}

/** What a script of a call says. It calls `end` once. */
export interface Script {
  readonly request: (text: string) => void;
  readonly response: (text: string) => void;
  readonly halfClose: () => void;
  readonly end: (status: Status) => void;
}

export class Lane {
  /** The events that have been shown. */
  readonly shown = signal<readonly WireEvent[]>([]);
  /** The event on the wire. */
  readonly moving = signal<WireEvent | undefined>(undefined);
  readonly status = signal<Status | undefined>(undefined);
  readonly isPlaying = signal(false);
  readonly #queue: WireEvent[] = [];
  readonly #stepMs: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended: Status | undefined;
  #cancel: (() => void) | undefined;
  #nextId = 0;

  /** @param stepMs milliseconds for which a message is on the wire; 0 shows it at once. */
  constructor(stepMs: () => number) {
    this.#stepMs = stepMs;
  }

  /** @param start starts the call, and returns a function that cancels it. */
  play(start: (script: Script) => () => void): void {
    this.stop();
    this.shown.value = [];
    this.status.value = undefined;
    this.isPlaying.value = true;
    const begin = performance.now();
    const add = (kind: WireEvent["kind"], text: string) => {
      this.#queue.push({ id: this.#nextId++, kind, text, ms: performance.now() - begin });
      if (this.#timer === undefined) this.#step();
    };
    this.#cancel = start({
      request: (text) => add("request", text),
      response: (text) => add("response", text),
      halfClose: () => add("halfClose", ""),
      end: (status) => {
        this.#ended = status;
        if (this.#timer === undefined) this.#step();
      },
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#queue.length = 0;
    const cancel = this.#cancel;
    this.#cancel = undefined;
    cancel?.();
    this.#ended = undefined;
    this.moving.value = undefined;
    this.isPlaying.value = false;
  }

  #step(): void {
    this.#timer = undefined;
    const event = this.#queue.shift();
    this.moving.value = event;
    if (event === undefined) {
      if (this.#ended === undefined) return;
      this.status.value = this.#ended;
      this.isPlaying.value = false;
      return;
    }
    this.#timer = setTimeout(() => {
      this.shown.value = [...this.shown.value, event];
      this.#step();
    }, this.#stepMs());
  }
}
