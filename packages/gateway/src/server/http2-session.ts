// Guards an HTTP/2 session: closes it if the client does not start, does not respond to PING, or
// floods it with control frames.
import { constants, type ServerHttp2Session } from "node:http2";

/** Maximum number of PING and SETTINGS frames per second (CVE-2019-9512, CVE-2019-9515). */
const controlFramesPerSecond = 1_000;
/** Maximum number of unanswered PINGs in a row. A peer cannot respond within a header block. */
const unansweredPings = 2;

export interface SessionLimits {
  /** Milliseconds within which the client must start, and between PINGs. */
  readonly headersTimeoutMs: number;
  /** Milliseconds without a stream after which the session is closed. */
  readonly keepAliveTimeoutMs: number;
}

export function guardSession(session: ServerHttp2Session, { headersTimeoutMs, keepAliveTimeoutMs }: SessionLimits): void {
  session.on("error", () => {}); // reported by its streams
  session.setTimeout(keepAliveTimeoutMs, () => session.close());

  let begun = false;
  let unanswered = 0;
  const clock = setInterval(() => {
    if (!begun || unanswered >= unansweredPings) session.destroy();
    else {
      unanswered++;
      session.ping(() => {
        unanswered = 0;
      });
    }
  }, headersTimeoutMs).unref();
  session.once("close", () => clearInterval(clock));

  let frames = 0;
  let second = 0;
  const count = () => {
    begun = true;
    const now = Math.floor(performance.now() / 1_000);
    if (now !== second) frames = 0;
    second = now;
    if (++frames === controlFramesPerSecond && !session.destroyed)
      session.destroy(new Error("too many frames"), constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };
  session.on("ping", count);
  // A client starts with SETTINGS (RFC 9113, section 3.4).
  session.on("remoteSettings", count);
}
