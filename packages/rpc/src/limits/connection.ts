// A connection of a server: whether it has begun as HTTP/2, how many frames it sends that are for nothing but an answer, and how old it is.
import { constants, type ServerHttp2Session } from "node:http2";
import type { ServerLimits } from "./limits.ts";
import type { PendingBytes } from "./pending-bytes.ts";

/** The largest number of a stream, in a GOAWAY that takes back none. */
const anyStream = 2 ** 31 - 1;

export class Connection {
  readonly pending: PendingBytes;
  readonly #session: ServerHttp2Session;
  readonly #limits: ServerLimits;
  readonly #sinceMs: number;
  #begun = false;
  #frames = 0;
  // Moments, not timers: Node keeps a list for each duration that a timer has ever been set for, until that time is over. A
  // jittered age, which is another for each connection, would leave one for hours.
  #oldAtMs: number;
  #goneAtMs = Number.POSITIVE_INFINITY;

  /** @param maxFrames how many PING and SETTINGS frames it may send between two looks at it. */
  constructor(session: ServerHttp2Session, limits: ServerLimits, maxFrames: number, nowMs: number, pending: PendingBytes) {
    this.pending = pending;
    this.#session = session;
    this.#limits = limits;
    this.#sinceMs = nowMs;
    // Give or take a tenth, so that clients which came together do not all come again together.
    this.#oldAtMs = nowMs + limits.maxConnectionAgeMs * (0.9 + 0.2 * Math.random());
    const count = () => {
      this.#begun = true;
      if (++this.#frames === maxFrames) this.#calm();
    };
    // The preface of a client ends with its settings (RFC 9113, section 3.4).
    session.on("remoteSettings", count);
    session.on("ping", count);
  }

  /** Closes a connection that does not begin, or is too old. */
  look(nowMs: number): void {
    this.#frames = 0;
    if (!this.#begun && nowMs - this.#sinceMs > this.#limits.handshakeTimeoutMs) this.#session.destroy();
    else if (nowMs >= this.#goneAtMs) this.#session.destroy();
    else if (nowMs >= this.#oldAtMs) {
      this.#oldAtMs = Number.POSITIVE_INFINITY;
      this.#goneAtMs = nowMs + this.#limits.maxConnectionAgeGraceMs;
      this.#retire();
    }
  }

  /** Takes no more streams; ends after those that are there. */
  #retire(): void {
    if (this.#session.destroyed || this.#session.closed) return;
    this.#session.goaway(constants.NGHTTP2_NO_ERROR, anyStream, Buffer.from("max_age"));
    this.#session.close();
  }

  #calm(): void {
    if (!this.#session.destroyed)
      this.#session.destroy(new Error("too many PING and SETTINGS frames"), constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}
