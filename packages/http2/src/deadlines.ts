// The deadlines of a connection. One timer serves them all, and streams need none.
import type { Http2Connection } from "./connection.ts";
import { ErrorCode } from "./errors.ts";

/** The longest delay of Node's timers in milliseconds. A longer one fires at once. */
const longestTimer = 2 ** 31 - 1;

export class Deadlines {
  /** Each deadline is a time of `performance.now()` in milliseconds. 0 means unset. */
  preface = 0;
  settings = 0;
  headerBlock = 0;
  idle = 0;
  goaway = 0;
  #write = 0;
  #keepalive = 0;
  #keepaliveAnswer = 0;
  /** The octets that waited for the socket when the write deadline was set. */
  #pending = 0;
  readonly #connection: Http2Connection;
  #timer: NodeJS.Timeout | undefined;
  #armedFor = 0;
  #stopped = false;

  constructor(connection: Http2Connection) {
    this.#connection = connection;
  }

  /** Starts the deadlines of a new connection. */
  start(): void {
    const { now, limits, config } = this.#connection;
    this.preface = now + limits.prefaceTimeout;
    if (limits.idleTimeout > 0) this.idle = now + limits.idleTimeout;
    if (config.keepalive !== undefined) this.#keepalive = now + config.keepalive.interval;
    this.#rearm();
  }

  /** Ensures that the deadlines are checked at this time or shortly afterwards. */
  arm(at: number): void {
    if (this.#stopped) return;
    if (this.#timer !== undefined) {
      if (this.#armedFor <= at) return;
      clearTimeout(this.#timer);
    }
    this.#armedFor = at;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#check();
      },
      Math.min(Math.max(1, at - performance.now()), longestTimer),
    );
    this.#timer.unref();
  }

  #rearm(): void {
    let next = Number.POSITIVE_INFINITY;
    for (const at of [
      this.preface,
      this.settings,
      this.headerBlock,
      this.idle,
      this.goaway,
      this.#write,
      this.#keepalive,
      this.#keepaliveAnswer,
    ]) {
      if (at > 0 && at < next) next = at;
    }
    if (next !== Number.POSITIVE_INFINITY) this.arm(next);
  }

  /** Stops the timer, which would keep the closed connection in memory. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #check(): void {
    const connection = this.#connection;
    const { limits } = connection;
    if (connection.closeReason !== undefined) return;
    const now = Math.trunc(performance.now()) + 1;
    connection.now = now;
    if (isDue(this.preface, now)) {
      connection.fail(ErrorCode.PROTOCOL_ERROR, `no preface and SETTINGS within ${limits.prefaceTimeout} ms`);
    } else if (isDue(this.settings, now)) {
      const message = `no acknowledgement of SETTINGS within ${limits.settingsTimeout} ms (RFC 9113, section 6.5.3)`;
      connection.fail(ErrorCode.SETTINGS_TIMEOUT, message);
    } else if (isDue(this.headerBlock, now)) {
      connection.fail(ErrorCode.ENHANCE_YOUR_CALM, `a frame or header block took more than ${limits.headerBlockTimeout} ms`);
    } else if (isDue(this.#keepaliveAnswer, now) && !this.#heard(now)) {
      connection.destroy(ErrorCode.INTERNAL_ERROR, "the peer does not answer the keepalive PING");
    } else if (isDue(this.#write, now) && !this.#writeProgress(now)) {
      connection.destroy(ErrorCode.INTERNAL_ERROR, `the peer has not read for ${limits.writeTimeout} ms`);
    } else {
      if (isDue(this.goaway, now)) connection.shutdown.finalGoaway();
      if (isDue(this.idle, now)) {
        this.idle = 0;
        if (connection.streams.size === 0) connection.close(ErrorCode.NO_ERROR, "idle");
      }
      if (isDue(this.#keepalive, now)) this.#pingIfQuiet(now);
      this.#rearm();
    }
  }

  /**
   * Returns `true` if bytes arrived recently: the answer to the keepalive PING may still be behind
   * them.
   */
  #heard(now: number): boolean {
    const { config, lastReadAt } = this.#connection;
    this.#keepaliveAnswer = lastReadAt + (config.keepalive?.timeout ?? 0);
    return this.#keepaliveAnswer > now;
  }

  /** Sets the write deadline while the socket is blocked. */
  writeBlocked(): void {
    const { limits, output } = this.#connection;
    if (this.#write > 0 || limits.writeTimeout === 0) return;
    this.#write = Math.trunc(performance.now()) + limits.writeTimeout;
    this.#pending = output.pending;
    this.arm(this.#write);
  }

  writeDrained(): void {
    this.#write = 0;
  }

  #writeProgress(now: number): boolean {
    const { limits, output } = this.#connection;
    const pending = output.pending;
    if (pending >= this.#pending) return false;
    this.#pending = pending;
    this.#write = now + limits.writeTimeout;
    return true;
  }

  /** Sends a keepalive PING after a quiet interval, also while the connection drains. */
  #pingIfQuiet(now: number): void {
    const connection = this.#connection;
    const keepalive = connection.config.keepalive;
    if (keepalive === undefined) return;
    const quietAt = connection.lastReadAt + keepalive.interval;
    if (now < quietAt) {
      this.#keepalive = quietAt;
      return;
    }
    this.#keepalive = now + keepalive.interval;
    if (this.#keepaliveAnswer > 0 || (connection.streams.size === 0 && !keepalive.withoutStreams)) return;
    this.#keepaliveAnswer = now + keepalive.timeout;
    connection.keepalivesSent++;
    connection.pings.send(() => {
      this.#keepaliveAnswer = 0;
    });
  }
}

function isDue(deadline: number, now: number): boolean {
  return deadline > 0 && deadline <= now;
}
