// Cancels a call by a reset, and by nothing before it.
//
// grpc-js cancels by `close()` of its HTTP/2 stream, and Node half-closes a stream before it resets it: END_STREAM, which a server takes for the end of the request,
// and then RST_STREAM. Whoever commits at the end of an upload would store half of it. A stream that is destroyed by a signal is reset at once.
import type { ClientHttp2Stream } from "node:http2";
import { addAbortSignal } from "node:stream";
import type { Code } from "../protocol/code.ts";
import type { RawCall } from "./grpc-interceptors.ts";
import { isWaiting, streamsOf } from "./release.ts";

const aborted = AbortSignal.abort();

/** Resets the streams of a call, and ends it with a status. */
export function reset(raw: RawCall, code: Code, details: string): void {
  for (const stream of streamsOf(raw)) resetStream(stream);
  const waiting = isWaiting(raw);
  raw.cancelWithStatus(code, details);
  // A channel that is not ours makes the call's stream all the same, a few microtasks after it was cancelled.
  if (waiting) {
    setImmediate(() => {
      for (const stream of streamsOf(raw)) resetStream(stream);
      raw.cancelWithStatus(code, details);
    });
  }
}

/** From now on, grpc-js resets the streams of the call in the same way: where a response breaks a limit, for example. */
export function resetOnly(raw: RawCall): void {
  for (const stream of streamsOf(raw)) {
    const close = stream.close;
    stream.close = (code, callback) => {
      if (code === cancel && !stream.writableEnded) resetStream(stream);
      else close.call(stream, code, callback);
    };
  }
}

/** NGHTTP2_CANCEL: what a signal resets a stream with, too. */
const cancel = 8;

function resetStream(stream: ClientHttp2Stream): void {
  // What has been half-closed, and waits to be written, goes the same way.
  if (!stream.destroyed) addAbortSignal(aborted, stream);
}
