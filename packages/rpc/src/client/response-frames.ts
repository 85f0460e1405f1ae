// Watches where the messages of a response begin and end.
//
// grpc-js takes a response for complete that ends with OK in the middle of a message: half of a stream
// looks like all of it. So the frames are followed beside it, on the response's stream.
import type { ClientHttp2Stream } from "node:http2";
import type { StartedCall } from "./raw-call.ts";
import { streamsOf } from "./release.ts";

const framesOf = Symbol("frames");
type WatchedStream = ClientHttp2Stream & { [framesOf]?: ResponseFrames };

const prefix = 5;

export class ResponseFrames {
  /** How many bytes of a prefix have come. */
  #prefixed = 0;
  #length = 0;
  /** How many bytes of the message are still to come. */
  #left = 0;

  /** Whether a message has begun, and not ended. */
  get inside(): boolean {
    return this.#prefixed > 0;
  }

  read(data: Buffer): void {
    let at = 0;
    while (at < data.length) {
      if (this.#prefixed < prefix) {
        const byte = data[at++] ?? 0;
        this.#length = this.#prefixed++ === 0 ? 0 : this.#length * 256 + byte;
        if (this.#prefixed < prefix) continue;
        this.#left = this.#length;
      }
      const taken = Math.min(this.#left, data.length - at);
      this.#left -= taken;
      at += taken;
      if (this.#left === 0) this.#prefixed = 0;
    }
  }
}

// One function for all calls.
function onData(this: WatchedStream, data: Buffer): void {
  this[framesOf]?.read(data);
}

/** Follows the frames of a response whose header has come. Returns undefined where the stream is not known: within interceptors of grpc-js, and in process. */
export function watchResponse(raw: StartedCall): ResponseFrames | undefined {
  const stream: WatchedStream | undefined = streamsOf(raw).at(-1);
  if (stream === undefined) return undefined;
  const frames = new ResponseFrames();
  stream[framesOf] = frames;
  stream.on("data", onData);
  return frames;
}
