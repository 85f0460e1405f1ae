// The settings of this side, and the state until the peer acknowledges them (RFC 9113, sections
// 6.5.3 and 6.9.3).
import type { Http2Connection } from "./connection.ts";
import { ErrorCode } from "./errors.ts";
import { creditWindow } from "./flow-control.ts";
import { defaultFrameSize, defaultWindow } from "./frame/types.ts";
import { SettingId } from "./settings.ts";

export class LocalSettings {
  readonly #connection: Http2Connection;
  /** The number of unacknowledged SETTINGS frames. */
  #outstanding = 0;
  #windowKnown = false;

  constructor(connection: Http2Connection) {
    this.#connection = connection;
  }

  /** Sends the first SETTINGS frame. */
  announce(): void {
    const { limits, isServer, config } = this.#connection;
    const settings: [number, number][] = [
      [SettingId.INITIAL_WINDOW_SIZE, config.initialWindowSize],
      [SettingId.MAX_HEADER_LIST_SIZE, limits.maxHeaderListSize],
    ];
    if (isServer) settings.push([SettingId.MAX_CONCURRENT_STREAMS, limits.maxConcurrentStreams]);
    else settings.push([SettingId.ENABLE_PUSH, 0]);
    if (limits.headerTableSize !== 4096) settings.push([SettingId.HEADER_TABLE_SIZE, limits.headerTableSize]);
    if (limits.maxFrameSize !== defaultFrameSize) settings.push([SettingId.MAX_FRAME_SIZE, limits.maxFrameSize]);
    this.send(settings);
  }

  send(settings: readonly (readonly [id: number, value: number])[]): void {
    const { output, deadlines, limits, now } = this.#connection;
    output.settings(settings);
    this.#outstanding++;
    if (deadlines.settings === 0) {
      deadlines.settings = now + limits.settingsTimeout;
      deadlines.arm(deadlines.settings);
    }
    this.#connection.schedule();
  }

  acknowledged(): void {
    const connection = this.#connection;
    if (!connection.settingsReceived) {
      connection.fail(ErrorCode.PROTOCOL_ERROR, "the first frame must be SETTINGS, got an acknowledgement (RFC 9113, section 3.4)");
      return;
    }
    if (this.#outstanding === 0) {
      if (!connection.budgets.ignoredFrames.take(connection.now)) connection.tooMany("SETTINGS acknowledgements");
      return;
    }
    // Only the first SETTINGS frame announces the size of the HPACK table.
    connection.decoder.settingsAcknowledged();
    if (!this.#windowKnown) this.#windowApplied();
    this.#outstanding--;
    connection.deadlines.settings = this.#outstanding === 0 ? 0 : connection.now + connection.limits.settingsTimeout;
  }

  /**
   * The window of a new stream. Until the peer knows SETTINGS_INITIAL_WINDOW_SIZE, it may use the
   * default.
   */
  get newStreamWindow(): number {
    const { initialWindowSize } = this.#connection.config;
    return this.#windowKnown ? initialWindowSize : Math.max(initialWindowSize, defaultWindow);
  }

  /** Reduces the windows of open streams after the peer has applied a smaller initial window. */
  #windowApplied(): void {
    this.#windowKnown = true;
    const { config, streams } = this.#connection;
    const excess = defaultWindow - config.initialWindowSize;
    if (excess <= 0) return;
    for (const stream of streams.all()) {
      stream.receiveWindow -= excess;
      if (!stream.remoteEnded) creditWindow(stream, config.initialWindowSize);
    }
  }
}
