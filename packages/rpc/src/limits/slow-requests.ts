// Calls whose peer owes something: the rest of a request, or of a message. They are looked at from time to time, so that a call costs no timer of its own.
import type { ServerHttp2Stream } from "node:http2";
import type { StatusObject } from "@grpc/grpc-js";
import { Code } from "../code.ts";
import type { MessageReader } from "./message-reader.ts";

/** The private parts of `BaseServerInterceptingCall`. */
export interface BaseCall {
  readonly stream: ServerHttp2Stream;
  decoder: MessageReader;
  sendStatus(status: Partial<StatusObject>): void;
  handleEndEvent(): void;
}

/** A call of which not all has come, and whether its request is one message: then, all of it is owed from the start. */
export type Incomplete = Map<BaseCall, { readonly single: boolean }>;

/** Ends the calls whose peers have owed the same for longer than they may. */
export function endSlow(calls: Incomplete, timeoutMs: number, nowMs: number): void {
  for (const [call, { single }] of calls) {
    const { stream, decoder } = call;
    if (stream.destroyed || stream.closed) calls.delete(call);
    // A stream that is paused waits for a handler, not for its peer.
    else if (stream.isPaused() || !(single || decoder.inside)) decoder.looked.count = -1;
    else if (decoder.looked.count !== decoder.count) decoder.looked = { count: decoder.count, atMs: nowMs };
    else if (nowMs - decoder.looked.atMs > timeoutMs) {
      calls.delete(call);
      call.sendStatus({ code: Code.DEADLINE_EXCEEDED, details: `the request did not come within ${timeoutMs} ms` });
    }
  }
}
