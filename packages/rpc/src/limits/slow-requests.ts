// Calls whose peer owes something: the rest of a request, or of a message. They are looked at from time to time, so that a call costs no timer of its own.
import type { ServerHttp2Stream } from "node:http2";
import type { StatusObject } from "@grpc/grpc-js";
import { Code } from "../code.ts";
import { type Linked, LinkedSet } from "../linked-set.ts";
import type { MessageReader } from "./message-reader.ts";

/** The private parts of `BaseServerInterceptingCall`. */
export interface BaseCall {
  readonly stream: ServerHttp2Stream;
  decoder: MessageReader;
  sendStatus(status: Partial<StatusObject>): void;
  handleEndEvent(): void;
}

/** A call of which not all has come. */
export class Incomplete implements Linked<Incomplete> {
  readonly call: BaseCall;
  /** Whether its request is one message: then, all of it is owed from the start. */
  readonly #single: boolean;
  /** What had come of it the last time when it was looked at, and since when. */
  #count = -1;
  #sinceMs = 0;
  previous: Incomplete | undefined;
  next: Incomplete | undefined;

  constructor(call: BaseCall, single: boolean) {
    this.call = call;
    this.#single = single;
  }

  /** Returns whether it is one no more. */
  look(timeoutMs: number, nowMs: number): boolean {
    const { stream, decoder } = this.call;
    if (stream.destroyed || stream.closed) return true;
    // A stream that is paused waits for a handler, not for its peer.
    if (stream.isPaused() || !(this.#single || decoder.inside)) this.#count = -1;
    else if (this.#count !== decoder.count) {
      this.#count = decoder.count;
      this.#sinceMs = nowMs;
    } else if (nowMs - this.#sinceMs > timeoutMs) {
      this.call.sendStatus({ code: Code.DEADLINE_EXCEEDED, details: `the request did not come within ${timeoutMs} ms` });
      return true;
    }
    return false;
  }
}

export class IncompleteCalls extends LinkedSet<Incomplete> {
  /** Ends the calls whose peers have owed the same for longer than they may. */
  look(timeoutMs: number, nowMs: number): void {
    for (const one of this) if (one.look(timeoutMs, nowMs)) this.delete(one);
  }
}
