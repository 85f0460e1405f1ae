// A connection: its state, streams, start and end (RFC 9113, sections 3 to 6). receive/ handles
// received frames; send.ts and frame/output.ts write frames.
import type { Duplex } from "node:stream";
import type { ClientConnection } from "./api/client-connection.ts";
import type { ConnectionCounters, ConnectionEnd, Goaway, Stream, StreamHandler, StreamReset } from "./api/connection.ts";
import { Budgets } from "./budget.ts";
import { ClosedStreams } from "./closed-streams.ts";
import type { ConnectionConfig } from "./config.ts";
import { Deadlines } from "./deadlines.ts";
import { ErrorCode, Http2Error } from "./errors.ts";
import { BandwidthProbe, creditConnection, releaseHeld, sampleBandwidth, withheld } from "./flow-control.ts";
import { Output } from "./frame/output.ts";
import { FrameReader } from "./frame/reader.ts";
import { clientPreface, defaultFrameSize, defaultWindow, FrameType, maxInt31 } from "./frame/types.ts";
import type { HeaderList } from "./headers/header-list.ts";
import { malformedRequest } from "./headers/validate.ts";
import { Decoder } from "./hpack/decoder.ts";
import { Encoder } from "./hpack/encoder.ts";
import type { Limits } from "./limits.ts";
import { linger, lingerTime } from "./linger.ts";
import { LocalSettings } from "./local-settings.ts";
import { Pings } from "./pings.ts";
import type { HeaderBlock } from "./receive/headers.ts";
import { dropQueue, noOctets, pump, sendData, writeHeaderList } from "./send.ts";
import { defaultSettings, type Settings } from "./settings.ts";
import { Shutdown } from "./shutdown.ts";
import { Http2Stream } from "./stream.ts";
import { StreamTable } from "./stream-table.ts";

/** Larger frames would let one stream block the others. */
const largestFrame = 65_536;

/** The number of streams that a client opens before it knows the server's limit. */
const assumedConcurrency = 100;

const noHandler: StreamHandler = {};

export class Http2Connection implements ClientConnection {
  readonly isServer: boolean;
  readonly socket: Duplex;
  readonly config: ConnectionConfig;
  readonly limits: Limits;
  readonly output: Output;
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  readonly streams = new StreamTable<Http2Stream>();
  readonly closedStreams = new ClosedStreams();
  readonly budgets: Budgets;
  readonly pings: Pings;
  readonly deadlines: Deadlines;
  readonly localSettings: LocalSettings;
  readonly shutdown: Shutdown;
  readonly probe = new BandwidthProbe();
  readonly #reader: FrameReader;

  data: unknown = undefined;
  onClose: ((end: ConnectionEnd) => void) | undefined = undefined;
  onGoaway: ((goaway: Goaway) => void) | undefined = undefined;
  onSettings: ((settings: Readonly<Settings>) => void) | undefined = undefined;
  onAvailable: (() => void) | undefined = undefined;
  closeReason: ConnectionEnd | undefined = undefined;
  /** The server's listener, called before `onClose`. */
  onEnd: (() => void) | undefined = undefined;

  readonly remoteSettings: Settings = defaultSettings();
  settingsReceived = false;
  /**
   * The time of the current chunk, so that budgets and deadlines do not read the clock for each
   * frame.
   */
  now = Math.trunc(performance.now());
  lastReadAt = this.now;
  /** `true` while received frames are processed, until the connection fails or closes. */
  reading = true;
  /**
   * `true` if any frame is allowed: the first SETTINGS has arrived and no header block is
   * incomplete.
   */
  settled = false;
  headerBlock: HeaderBlock | null = null;
  /** The stream of the DATA frame that is being delivered in parts. */
  partStream: Http2Stream | null = null;
  partEndsStream = false;
  /** The missing octets of its data. */
  partLeft = 0;

  /** Server: the highest identifier that the client opened. */
  lastPeerStream = 0;
  /** Client: the identifier of the next request. */
  nextStream = 1;
  #full = false;

  /** The octets that the peer allows this side to send on the connection. */
  sendWindow = defaultWindow;
  /** The octets that this side allows the peer to send on the connection. */
  receiveWindow = defaultWindow;
  /** The target sizes of the windows: the maximum for streams, and for the connection. */
  streamWindow: number;
  connectionWindow: number;
  readonly maxWindow: number;
  /** The octets that the handlers hold, with their overhead. */
  held = 0;
  windowWithheld = false;
  /** The octets that handlers have written and that wait to be sent, with their overhead. */
  queued = 0;
  /** The octets of DATA frames in the current chunk. */
  chunkData = 0;
  /** The number of DATA frames sent, and how many of them the budgets have counted. */
  dataFramesSent = 0;
  dataFramesUpdated = 0;
  dataFramesPinged = 0;
  /** The number of streams opened, and how many of them the budget has counted. */
  streamsBegun = 0;
  streamsCounted = 0;
  /** The number of streams completed, and how many of them the budget of resets has counted. */
  streamsCompleted = 0;
  streamsEarned = 0;
  /** The number of streams whose response has ended with END_STREAM. */
  streamsSucceeded = 0;
  keepalivesSent = 0;
  frameLimit = defaultFrameSize;

  /** The list of streams that can send. */
  firstReady: Http2Stream | null = null;
  lastReady: Http2Stream | null = null;
  readonly drainWaiters = new Set<Http2Stream>();
  #completeEarly: Http2Stream[] = [];
  #scheduled = false;
  #paused = false;

  constructor(socket: Duplex, config: ConnectionConfig, isServer: boolean) {
    const limits = config.limits;
    this.isServer = isServer;
    this.socket = socket;
    this.config = config;
    this.limits = limits;
    this.output = new Output(socket);
    this.encoder = new Encoder({ maxTableSize: limits.encoderTableSize });
    this.decoder = new Decoder({ maxTableSize: limits.headerTableSize, keepSpaces: config.keepSpaces });
    this.budgets = new Budgets(limits, this.now);
    this.pings = new Pings(this);
    this.deadlines = new Deadlines(this);
    this.localSettings = new LocalSettings(this);
    this.shutdown = new Shutdown(this);
    this.#reader = new FrameReader(this, limits.maxFrameSize, isServer);
    this.streamWindow = config.initialWindowSize;
    this.connectionWindow = Math.max(config.connectionWindowSize, defaultWindow);
    this.maxWindow = config.maxWindowSize;
    this.#begin();
  }

  get role(): "client" | "server" {
    return this.isServer ? "server" : "client";
  }

  get state(): "open" | "draining" | "closed" {
    return this.closeReason !== undefined ? "closed" : this.shutdown.draining ? "draining" : "open";
  }

  get openStreams(): number {
    return this.streams.size;
  }

  listStreams(): Stream[] {
    return this.streams.all();
  }

  counters(): ConnectionCounters {
    const { streamsBegun, streamsSucceeded, keepalivesSent, sendWindow, receiveWindow } = this;
    const streamsFailed = streamsBegun - streamsSucceeded - this.streams.size;
    return { streamsStarted: streamsBegun, streamsSucceeded, streamsFailed, keepalivesSent, sendWindow, receiveWindow };
  }

  // Start.

  #begin(): void {
    const { output } = this;
    if (!this.isServer) {
      output.reserve(clientPreface.length);
      output.octets(clientPreface, 0, clientPreface.length);
    }
    this.localSettings.announce();
    if (this.connectionWindow > defaultWindow) {
      output.windowUpdate(0, this.connectionWindow - defaultWindow);
      this.receiveWindow = this.connectionWindow;
    }
    this.deadlines.start();
    const socket = this.socket;
    if ("setNoDelay" in socket && typeof socket.setNoDelay === "function") socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("drain", () => this.#drained());
    socket.on("end", () => this.#socketClosed(undefined));
    socket.on("error", (error) => this.#socketClosed(error));
    socket.on("close", () => this.#socketClosed(undefined));
  }

  /** Called after the peer's SETTINGS frame has been applied. */
  settingsChanged(): void {
    if (!this.settingsReceived) {
      this.settingsReceived = true;
      this.settled = true;
      this.deadlines.preface = 0;
    }
    this.call(() => this.onSettings?.(this.remoteSettings));
    this.#announceAvailability();
  }

  setFrameLimit(size: number): void {
    this.frameLimit = Math.min(size, largestFrame);
  }

  // Receiving.

  #receive(chunk: Buffer): void {
    if (!this.reading) return;
    this.now = Math.trunc(performance.now());
    this.lastReadAt = this.now;
    this.#reader.read(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk));
    if (!this.reading) return;
    if (this.chunkData > 0) {
      if (this.streamWindow < this.maxWindow) sampleBandwidth(this, this.chunkData);
      this.chunkData = 0;
      creditConnection(this);
    }
    if (this.output.blocked) this.#limitBlockedPeer();
  }

  /**
   * Called while the peer does not read. A server stops reading from it. A client must not, because
   * both sides could wait forever.
   */
  #limitBlockedPeer(): void {
    const { output, limits } = this;
    if (output.blockedReplies > limits.maxQueuedReplies)
      this.destroy(ErrorCode.ENHANCE_YOUR_CALM, "the peer does not read the replies to its frames");
    else if (this.isServer && !this.#paused && output.pending > limits.maxOutputBuffer) {
      this.#paused = true;
      this.socket.pause();
    }
  }

  /**
   * Returns `true` if a frame is allowed before the first SETTINGS or within a header block.
   * Otherwise the connection fails.
   */
  mayReceive(id: number, type: number): boolean {
    if (!this.settingsReceived) {
      if (type === FrameType.SETTINGS) return true;
      this.fail(ErrorCode.PROTOCOL_ERROR, `the first frame must be SETTINGS, got type ${type} (RFC 9113, section 3.4)`);
      return false;
    }
    const block = this.headerBlock;
    if (block === null || (type === FrameType.CONTINUATION && id === block.id)) return true;
    this.fail(
      ErrorCode.PROTOCOL_ERROR,
      `a frame of type ${type} on stream ${id} within the header block of stream ${block.id} (RFC 9113, section 6.10)`,
    );
    return false;
  }

  beginHeaderBlock(block: HeaderBlock): void {
    this.headerBlock = block;
    this.settled = false;
    this.frameBegun();
  }

  endHeaderBlock(): void {
    this.headerBlock = null;
    this.settled = true;
    this.deadlines.headerBlock = 0;
  }

  /**
   * Called when a chunk ends within a frame, except a DATA frame that is delivered in parts. The
   * time limit for header blocks applies to it as well.
   */
  frameBegun(): void {
    if (this.deadlines.headerBlock > 0) return;
    this.deadlines.headerBlock = this.now + this.limits.headerBlockTimeout;
    this.deadlines.arm(this.deadlines.headerBlock);
  }

  frameCompleted(): void {
    if (this.headerBlock === null) this.deadlines.headerBlock = 0;
  }

  invalidPreface(): void {
    this.fail(ErrorCode.PROTOCOL_ERROR, "the connection does not begin with the HTTP/2 preface (RFC 9113, section 3.4)");
  }

  frameTooLarge(length: number, limit: number): void {
    this.fail(ErrorCode.FRAME_SIZE_ERROR, `a frame of ${length} octets exceeds SETTINGS_MAX_FRAME_SIZE, ${limit} (RFC 9113, section 4.2)`);
  }

  /**
   * Returns `true` if the identifier is unused so far (RFC 9113, section 5.1). Servers open no
   * streams.
   */
  isIdle(id: number): boolean {
    if ((id & 1) === 0) return true;
    return this.isServer ? id > this.lastPeerStream : id >= this.nextStream;
  }

  /**
   * Returns `true` if frames for this closed stream are ignored, because the peer may have sent
   * them before it learned of the end.
   */
  ignores(id: number): boolean {
    return id > this.shutdown.lastAccepted || this.closedStreams.wasReset(id);
  }

  // Streams.

  /** The reset of a stream that ended before it had a handler. */
  #resetBeforeHandler: StreamReset | undefined = undefined;

  /** Server: opens a stream for a request. */
  acceptStream(id: number, list: HeaderList, expectedLength: number, endStream: boolean): void {
    const stream = new Http2Stream(this, id, list, noHandler);
    stream.expectedLength = expectedLength;
    stream.remoteEnded = endStream;
    this.streams.add(stream);
    this.streamsBegun++;
    const onStream = this.config.onStream;
    if (onStream === undefined) return;
    this.#resetBeforeHandler = undefined;
    try {
      stream.handler = onStream(stream, list, endStream) ?? noHandler;
      // The stream may have ended within onStream, before it had the handler.
      if (this.#resetBeforeHandler !== undefined) stream.handler.onReset?.(this.#resetBeforeHandler, stream);
    } catch (error) {
      this.callbackError(stream, error);
    }
    if (endStream) this.remoteEnd(stream);
  }

  get availableStreams(): number {
    return this.#room();
  }

  #room(): number {
    if (this.isServer || this.closeReason !== undefined || this.shutdown.draining) return 0;
    const limit = this.settingsReceived ? this.remoteSettings.maxConcurrentStreams : assumedConcurrency;
    return Math.max(0, limit - this.streams.size);
  }

  #announceAvailability(): void {
    const full = this.#full;
    this.#full = this.#room() === 0;
    if (!full || this.#full) return;
    this.call(() => this.onAvailable?.());
  }

  request(headers: HeaderList, handler: StreamHandler, body = noOctets, endStream = false, prefix = noOctets): Stream {
    if (this.#room() === 0) {
      const why = this.state === "open" ? `it has ${this.streams.size} open streams` : `it is ${this.state}`;
      throw new Http2Error(ErrorCode.REFUSED_STREAM, `the connection accepts no new stream: ${why}`);
    }
    const fault = malformedRequest(headers, this.remoteSettings.enableConnectProtocol);
    if (fault !== undefined) throw new Http2Error(ErrorCode.INTERNAL_ERROR, fault);
    if (headers.size > this.remoteSettings.maxHeaderListSize) {
      const limit = this.remoteSettings.maxHeaderListSize;
      throw new Http2Error(ErrorCode.INTERNAL_ERROR, `a header list of ${headers.size} octets exceeds the server's limit of ${limit}`);
    }
    const id = this.nextStream;
    this.nextStream = id + 2;
    const stream = new Http2Stream(this, id, headers, handler);
    this.streams.add(stream);
    this.streamsBegun++;
    if (this.#room() === 0) this.#full = true;
    const empty = body.length + prefix.length === 0;
    if (endStream && empty) stream.localEnded = true;
    writeHeaderList(this, id, headers, endStream && empty);
    if (!empty) sendData(stream, body, endStream, prefix);
    stream.wantsDrain = stream.queue !== null;
    if (this.nextStream > maxInt31) this.close(ErrorCode.NO_ERROR, "the stream identifiers are exhausted (RFC 9113, section 5.1.1)");
    return stream;
  }

  /** Called when the peer has ended its half. */
  remoteEnd(stream: Http2Stream): void {
    if (stream.localEnded && !stream.closed) this.closeStream(stream);
  }

  /**
   * Called when a server's response is complete before the request. Unless the request ends in this
   * turn, the stream is reset with NO_ERROR.
   */
  completeEarly(stream: Http2Stream): void {
    this.#completeEarly.push(stream);
    this.schedule();
  }

  #endEarly(): void {
    const streams = this.#completeEarly;
    this.#completeEarly = [];
    for (const stream of streams) {
      if (stream.closed) continue;
      this.output.rstStream(stream.id, ErrorCode.NO_ERROR);
      this.closedStreams.addReset(stream.id);
      this.closeStream(stream);
    }
  }

  /** Closes a stream and releases what it holds. */
  closeStream(stream: Http2Stream): void {
    stream.closed = true;
    if (stream.localEnded && stream.remoteEnded) this.streamsCompleted++;
    if (this.isServer ? stream.localEnded : stream.remoteEnded) this.streamsSucceeded++;
    dropQueue(stream);
    if (stream.wantsDrain) this.drainWaiters.delete(stream);
    this.streams.delete(stream);
    releaseHeld(stream);
    if (this.streams.size === 0) this.#lastStreamClosed();
    if (this.#full) this.#announceAvailability();
  }

  /** Ends a stream before both halves are complete. */
  endStream(stream: Http2Stream, reset: StreamReset): void {
    if (stream.closed) return;
    this.closeStream(stream);
    if (stream.handler === noHandler) this.#resetBeforeHandler = reset;
    try {
      stream.handler.onReset?.(reset, stream);
    } catch (error) {
      this.callbackError(stream, error);
    }
  }

  resetStream(stream: Http2Stream, code: number, message: string, source: "local" | "protocol"): void {
    if (stream.closed) return;
    this.output.rstStream(stream.id, code);
    this.schedule();
    if (!stream.remoteEnded) this.closedStreams.addReset(stream.id);
    this.endStream(stream, { code, message, source, unprocessed: false });
  }

  /**
   * Handles a stream error of the peer (RFC 9113, section 5.4.2). A peer that causes many of them
   * loses the connection (CVE-2025-8671).
   */
  streamError(stream: Http2Stream, code: number, message: string): void {
    if (this.isServer && !this.budgets.streamErrors.take(this.now)) this.tooMany("stream errors");
    else this.resetStream(stream, code, message, "protocol");
  }

  /** Rejects a header list that would open a stream. */
  rejectStream(id: number, code: number, message: string, endStream: boolean): void {
    if (!this.budgets.streamErrors.take(this.now)) {
      this.tooMany(`malformed requests (the last one: ${message})`);
      return;
    }
    this.output.rstStream(id, code);
    this.schedule();
    if (!endStream) this.closedStreams.addReset(id);
  }

  drainStream(stream: Http2Stream): void {
    stream.wantsDrain = false;
    if (stream.closed) return;
    try {
      stream.handler.onDrain?.(stream);
    } catch (error) {
      this.callbackError(stream, error);
    }
  }

  /** Handles an error that a stream callback has thrown. */
  callbackError(stream: Http2Stream, error: unknown): void {
    this.#report(error);
    this.resetStream(stream, ErrorCode.INTERNAL_ERROR, "a callback of the stream threw an error", "local");
  }

  /** Calls a callback of the application, which may throw. */
  call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    try {
      this.config.onError?.(error, this);
    } catch {
      // onError must not throw. Ignore it, so that the connection continues.
    }
  }

  // Sending.

  /** Schedules a flush of the written frames for the end of the turn. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(endTurn, this);
  }

  endTurn(): void {
    this.#scheduled = false;
    if (this.closeReason !== undefined) return;
    if (this.#completeEarly.length > 0) this.#endEarly();
    this.#flush();
  }

  #flush(): void {
    const { output } = this;
    if (this.firstReady !== null || this.drainWaiters.size > 0) pump(this);
    output.flush();
    if (output.blocked) this.deadlines.writeBlocked();
  }

  #drained(): void {
    if (!this.output.blocked || this.closeReason !== undefined) return;
    this.output.drained();
    this.deadlines.writeDrained();
    this.#flush();
    if (this.#paused && !this.output.blocked) {
      this.#paused = false;
      this.socket.resume();
    }
  }

  // PING and idle time.

  ping(callback: (roundTrip: number | undefined) => void): void {
    const guarded = (roundTrip: number | undefined): void => this.call(() => callback(roundTrip));
    if (this.closeReason !== undefined || !this.pings.sendForUser(guarded)) queueMicrotask(() => guarded(undefined));
  }

  /** Called when the last stream has closed. */
  #lastStreamClosed(): void {
    if (this.shutdown.draining) {
      this.shutdown.streamsOver();
    } else if (this.limits.idleTimeout > 0) {
      // `now` may be old: it is the time of the last chunk.
      this.deadlines.idle = Math.trunc(performance.now()) + this.limits.idleTimeout;
      this.deadlines.arm(this.deadlines.idle);
    }
  }

  // End.

  close(code: number = ErrorCode.NO_ERROR, debugData = ""): void {
    this.shutdown.start(code, debugData);
  }

  /** Closes a draining connection after its last stream. */
  end(end: ConnectionEnd): void {
    this.#finish(end);
    this.#endSocket(this.limits.writeTimeout || lingerTime);
  }

  /** Fails the connection with a connection error (RFC 9113, section 5.4.1). */
  fail(code: number, message: string): void {
    if (this.closeReason !== undefined) return;
    this.reading = false;
    this.output.goaway(this.shutdown.lastProcessed, code, message);
    this.#report(new Http2Error(code, message));
    this.#finish({ code, message });
    this.#endSocket(lingerTime);
  }

  /** Fails the connection because the peer exceeds a rate limit. */
  tooMany(what: string): void {
    this.fail(ErrorCode.ENHANCE_YOUR_CALM, `too many ${what} per second`);
  }

  destroy(code: number = ErrorCode.NO_ERROR, message = "the connection was destroyed"): void {
    if (this.closeReason !== undefined) {
      this.socket.destroy();
      return;
    }
    this.reading = false;
    if (!this.output.blocked) {
      this.output.goaway(this.shutdown.lastProcessed, code, message);
      this.output.flush();
    }
    this.#finish({ code, message });
    this.socket.destroy();
  }

  #socketClosed(error: Error | undefined): void {
    if (this.closeReason !== undefined) return;
    const lost = error !== undefined || this.streams.size > 0;
    const { peerCode, afterGoaway } = this.shutdown;
    const message =
      error === undefined ? `the peer closed the connection${afterGoaway}` : `the socket failed${afterGoaway}: ${error.message}`;
    this.#finish({ code: peerCode || (lost ? ErrorCode.INTERNAL_ERROR : ErrorCode.NO_ERROR), message, cause: error });
    if (error !== undefined) this.socket.destroy();
    else this.#endSocket(lingerTime);
  }

  #finish(end: ConnectionEnd): void {
    this.closeReason = end;
    this.reading = false;
    this.deadlines.stop();
    this.windowWithheld = false;
    withheld.delete(this);
    const reset: StreamReset = { code: end.code || ErrorCode.CANCEL, message: end.message, source: "connection", unprocessed: false };
    for (const stream of this.streams.all()) this.endStream(stream, reset);
    this.firstReady = null;
    this.lastReady = null;
    this.drainWaiters.clear();
    this.pings.fail();
    this.onEnd?.();
    this.call(() => this.onClose?.(end));
  }

  #endSocket(writeTime: number): void {
    if (this.socket.destroyed) return;
    this.output.flushAll();
    linger(this.socket, writeTime);
  }
}

function endTurn(connection: Http2Connection): void {
  connection.endTurn();
}
