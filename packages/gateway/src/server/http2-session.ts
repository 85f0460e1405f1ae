// An HTTP/2 connection: it has to begin, to answer, and not to ask for too much that only costs.
import { constants, type ServerHttp2Session } from "node:http2";

/** PING and SETTINGS frames that a client may send in a second (CVE-2019-9512, CVE-2019-9515). */
const controlFramesPerSecond = 1_000;
/** PINGs in a row that may be left unanswered: while a header block is incomplete, none can be answered. */
const unansweredPings = 2;

export interface SessionLimits {
  /** Milliseconds in which it must have begun; and after which it is asked whether it is still there. */
  readonly headersTimeoutMs: number;
  /** Milliseconds without a stream after which it is closed. */
  readonly keepAliveTimeoutMs: number;
}

export function guardSession(session: ServerHttp2Session, { headersTimeoutMs, keepAliveTimeoutMs }: SessionLimits): void {
  session.on("error", () => {}); // its streams tell
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
  // A client begins with its settings (RFC 9113, section 3.4).
  session.on("remoteSettings", count);
}
