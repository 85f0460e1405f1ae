// A relayed call with a stream of requests: client streaming or bidirectional. Each side pulls one
// message at a time, once the other side has room for it, so that a slow reader slows the sender.
import type { ServerListener, ServerStream, Status } from "@grpc-study/rpc/transport";
import { ForwardedCall } from "./forwarded-call.ts";
import type { RelayedMethod } from "./relayed-call.ts";

export class RequestStreamCall extends ForwardedCall {
  /** The listener of the caller's stream. */
  readonly requests: ServerListener = new Requests(this);

  /** Whether the caller has ended its requests: perhaps before the upstream's call is open. */
  #halfClosed = false;

  constructor(method: RelayedMethod, caller: ServerStream) {
    super(method, caller, undefined, caller.requestCompression);
  }

  protected override opened(): void {
    if (this.#halfClosed) this.upstream?.halfClose();
    else this.caller.pull();
  }

  /** The upstream has room for more requests. */
  onDrain(): void {
    if (!this.ended) this.caller.pull();
  }

  sendRequest(message: Buffer, compressed: boolean): void {
    if (this.upstream?.send(message, compressed)) this.caller.pull();
  }

  halfClose(): void {
    this.#halfClosed = true;
    this.upstream?.halfClose();
  }

  /** The caller has room for more responses. */
  onRoom(): void {
    this.upstream?.pull();
  }
}

/** Passes the events of the caller's stream to the call. */
class Requests implements ServerListener {
  readonly #call: RequestStreamCall;

  constructor(call: RequestStreamCall) {
    this.#call = call;
  }

  onMessage(message: Buffer, compressed: boolean): void {
    this.#call.sendRequest(message, compressed);
  }

  onHalfClose(): void {
    this.#call.halfClose();
  }

  onDrain(): void {
    this.#call.onRoom();
  }

  onCancel(status: Status): void {
    this.#call.onCancel(status);
  }
}
