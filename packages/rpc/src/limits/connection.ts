// A connection of a server: whether it has begun as HTTP/2, and how many frames it sends that are for nothing but an answer.
import { constants, type ServerHttp2Session } from "node:http2";
import type { PendingBytes } from "./pending-bytes.ts";

export class Connection {
  readonly pending: PendingBytes;
  readonly #session: ServerHttp2Session;
  readonly #sinceMs: number;
  #begun = false;
  #frames = 0;

  /** @param maxFrames how many PING and SETTINGS frames it may send between two looks at it. */
  constructor(session: ServerHttp2Session, maxFrames: number, nowMs: number, pending: PendingBytes) {
    this.pending = pending;
    this.#session = session;
    this.#sinceMs = nowMs;
    const count = () => {
      this.#begun = true;
      if (++this.#frames === maxFrames) this.#calm();
    };
    // The preface of a client ends with its settings (RFC 9113, section 3.4).
    session.on("remoteSettings", count);
    session.on("ping", count);
  }

  /** Closes a connection that does not begin. */
  look(nowMs: number, handshakeTimeoutMs: number): void {
    this.#frames = 0;
    if (!this.#begun && nowMs - this.#sinceMs > handshakeTimeoutMs) this.#session.destroy();
  }

  #calm(): void {
    if (!this.#session.destroyed)
      this.#session.destroy(new Error("too many PING and SETTINGS frames"), constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}
