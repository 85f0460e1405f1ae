// A relayed call with one request, which is complete when the call begins: unary or server
// streaming. One object is the listener of both sides: the transport calls only `onDrain` and
// `onCancel` for such a call, and the channel never calls `onDrain`.
import type { Metadata } from "@grpc-study/rpc";
import type { ServerListener, ServerStream, Status } from "@grpc-study/rpc/transport";
import { ForwardedCall } from "./forwarded-call.ts";
import type { RelayedMethod } from "./relayed-call.ts";

/** Calls whose header has arrived in this turn of the event loop, but not their response. */
let waiting: SingleRequestCall[] = [];

export class SingleRequestCall extends ForwardedCall implements ServerListener {
  /** A header that has not been sent. */
  #header: Metadata | undefined = undefined;
  #hasHeader = false;

  constructor(method: RelayedMethod, caller: ServerStream, request: Buffer, compressed: boolean) {
    super(method, caller, request, compressed ? caller.requestCompression : "identity");
  }

  /**
   * The header of a unary response usually arrives together with its message and status. It waits for
   * them until the end of the turn, because a whole response costs less than its parts.
   */
  protected override passHeader(header: Metadata | undefined): void {
    if (this.method.responseStream) {
      super.passHeader(header);
      return;
    }
    this.#header = header;
    this.#hasHeader = true;
    if (waiting.push(this) === 1) setImmediate(sendHeaders);
  }

  /** Sends the header without waiting for the response. */
  sendHeader(): void {
    if (!this.#hasHeader) return;
    this.#hasHeader = false;
    super.passHeader(this.#header);
  }

  protected override flushHeader(): void {
    // Without metadata and compression, the header goes with the status.
    if (this.#header !== undefined || this.responseCompression !== "identity") this.sendHeader();
    this.#hasHeader = false;
  }

  /** The caller has room for more responses. */
  onDrain(): void {
    this.upstream?.pull();
  }

  override onCancel(status: Status): void {
    super.onCancel(status);
    this.#hasHeader = false;
  }

  onHalfClose(): void {}
}

function sendHeaders(): void {
  const calls = waiting;
  waiting = [];
  for (const call of calls) call.sendHeader();
}
