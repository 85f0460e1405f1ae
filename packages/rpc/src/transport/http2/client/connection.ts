// One connection of a channel, on the HTTP/2 engine.
import { ErrorCode, errorCodeName, type Goaway, type ClientConnection as Http2Connection } from "@grpc-study/http2";
import { CallCounts } from "../../../channelz/counts.ts";
import type { ChannelLimits } from "../../../limits/limits.ts";
import { Code } from "../../../protocol/code.ts";
import { accepts, type Compression } from "../../../protocol/compression.ts";
import type { Status } from "../../../protocol/status.ts";
import type { ClientStream, OutgoingCall } from "../../client.ts";
import type { AttemptListener, Connection } from "../../connection.ts";
import { ConnectionSocket } from "../connection-socket.ts";
import { Attempt, type AttemptConnection } from "./attempt.ts";
import { LocalStatus } from "./end-status.ts";
import type { RequestHeaders } from "./request-headers.ts";
import type { SharedState } from "./shared-state.ts";

export class ClientConnection implements Connection {
  readonly peer: string;
  readonly http2: Http2Connection;
  readonly #shared: SharedState;
  readonly socket: ConnectionSocket;
  counts = new CallCounts();
  onDown: ((status: Status) => void) | undefined = undefined;
  onClosed: (() => void) | undefined = undefined;
  calls = 0;
  served = false;
  #down = false;

  constructor(http2: Http2Connection, peer: string, shared: SharedState) {
    this.http2 = http2;
    this.peer = peer;
    this.#shared = shared;
    this.socket = new ConnectionSocket(http2, peer);
    http2.onGoaway = (goaway) => this.#goaway(goaway);
    http2.onClose = (end) => {
      this.#isDown(`the connection to ${this.target} was lost: ${end.message}`, end.cause);
      this.onClosed?.();
    };
    this.#keepAlive(false);
  }

  get target(): string {
    return this.#shared.target;
  }

  get headers(): RequestHeaders {
    return this.#shared.headers;
  }

  get limits(): ChannelLimits {
    return this.#shared.limits;
  }

  get available(): number {
    return this.http2.availableStreams;
  }

  get draining(): boolean {
    return this.http2.state !== "open";
  }

  get onAvailable(): (() => void) | undefined {
    return this.http2.onAvailable;
  }

  set onAvailable(callback: (() => void) | undefined) {
    this.http2.onAvailable = callback;
  }

  open(call: OutgoingCall, listener: AttemptListener): ClientStream {
    const attempt = new Attempt(this, call, listener);
    attempt.open();
    return attempt;
  }

  openUncounted(call: OutgoingCall, listener: AttemptListener): ClientStream {
    const attempt = new Attempt(uncounted(this), call, listener);
    attempt.open();
    return attempt;
  }

  close(): void {
    this.#down = true;
    this.http2.close();
  }

  destroy(): void {
    this.#down = true;
    this.http2.destroy(ErrorCode.NO_ERROR, "it was closed on this side");
  }

  // Called by attempts.

  /**
   * Returns the compression for the requests of a call: `identity` unless the server accepts the
   * chosen one or has not said.
   */
  compressionFor({ compression }: OutgoingCall): Compression {
    const { accepted } = this.#shared;
    return compression === "identity" || accepted === undefined || accepts(accepted, compression) ? compression : "identity";
  }

  /** Stores the server's `grpc-accept-encoding`. */
  learn(accepted: string): void {
    this.#shared.accepted = accepted;
  }

  callBegins(): void {
    if (this.calls++ === 0) this.#keepAlive(true);
  }

  callEnds(): void {
    if (--this.calls === 0) this.#keepAlive(false);
  }

  /** Lets the connection keep the process alive while it has calls. */
  #keepAlive(needed: boolean): void {
    const socket = this.http2.socket as Partial<Pick<import("node:net").Socket, "ref" | "unref">>;
    if (needed) socket.ref?.();
    else socket.unref?.();
  }

  // The end.

  #goaway({ code, debugData }: Goaway): void {
    if (code === ErrorCode.ENHANCE_YOUR_CALM && debugData === "too_many_pings") this.#shared.pingLess();
    const why = code === ErrorCode.NO_ERROR ? "" : `: ${errorCodeName(code)}${debugData === "" ? "" : ` (${debugData.slice(0, 200)})`}`;
    this.#isDown(`${this.target} takes no more calls on this connection${why}`, undefined);
  }

  #isDown(message: string, cause: unknown): void {
    if (this.#down) return;
    this.#down = true;
    this.onDown?.(new LocalStatus(Code.UNAVAILABLE, message, cause));
  }
}

/** The view of a connection for attempts that do not count as calls. */
function uncounted(connection: ClientConnection): AttemptConnection {
  const { http2, peer, target, headers, limits, socket } = connection;
  return {
    http2,
    peer,
    target,
    headers,
    limits,
    socket,
    counts: new CallCounts(),
    served: false,
    compressionFor: (call) => connection.compressionFor(call),
    learn: (accepted) => connection.learn(accepted),
    callBegins() {},
    callEnds() {},
  };
}
