// A relayed call that a server in this process runs. The handler writes to the caller's stream, with
// the gateway's metadata and deadline.
import { Code, type Metadata } from "@grpc-study/rpc";
import {
  type Compression,
  type HandedOverStream,
  type LocalMethod,
  type MetadataSize,
  metadataSize,
  type ServerListener,
  type ServerStream,
  type Status,
} from "@grpc-study/rpc/transport";
import { RelayedCall, type RelayedMethod } from "./relayed-call.ts";

const noMetadata: MetadataSize = { bytes: 0, pairs: 0 };

export class HandedOverCall extends RelayedCall implements HandedOverStream, ServerListener {
  readonly #local: LocalMethod;
  /** The only request, until the call is open. Undefined for a stream of requests. */
  #request: Buffer | undefined;
  readonly #compressed: boolean;
  readonly #start: number;
  /** Undefined until the call is open. */
  #handler: ServerListener | undefined = undefined;
  /** The number of requests that were pulled before the call is open. */
  #pulled = 0;
  /** Whether the caller has ended its requests before the call is open. */
  #halfClosed = false;

  /**
   * @param request the only request. Undefined for a stream of requests. The further parameters are
   * those of `ServedMethod.answer`.
   */
  constructor(
    method: RelayedMethod,
    caller: ServerStream,
    local: LocalMethod,
    request: Buffer | undefined,
    compressed: boolean,
    start: number,
  ) {
    super(method, caller);
    this.#local = local;
    this.#request = request;
    this.#compressed = compressed;
    this.#start = start;
  }

  protected open(): void {
    const request = this.#request;
    if (request === undefined) this.#handler = this.#local.open(this);
    else {
      this.#request = undefined;
      this.#tell("sent", request.length - this.#start);
      this.#handler = this.#local.answer(this, request, this.#compressed, this.#start);
    }
    for (; this.#pulled > 0; this.#pulled--) this.pull();
    if (this.#halfClosed && !this.ended) this.#handler.onHalfClose();
  }

  protected cancelUpstream(status: Status): void {
    this.#request = undefined;
    this.#handler?.onCancel(status);
  }

  // Called by the server.

  get metadata(): Metadata {
    // Not before `begin`.
    return this.upstreamMetadata as Metadata;
  }

  get metadataSize(): MetadataSize {
    return this.hooked === undefined ? (this.head?.size ?? noMetadata) : metadataSize(this.hooked);
  }

  get requestCompression(): Compression {
    return this.caller.requestCompression;
  }

  accepts(compression: Compression): boolean {
    return this.caller.accepts(compression);
  }

  pull(): void {
    if (this.#handler === undefined) this.#pulled++;
    else if (!this.ended) this.caller.pull();
  }

  sendHeader(header: Metadata | undefined, compression: Compression): void {
    if (!this.ended) this.caller.sendHeader(header, compression);
  }

  send(message: Buffer, compress: boolean): boolean {
    if (this.ended) return true;
    this.#tell("received", message.length);
    return this.caller.send(message, compress);
  }

  end(status: Status | undefined, response: Buffer | undefined, compress: boolean): void {
    if (this.ended) return;
    const shown = status && this.visible(status);
    if (response !== undefined) this.#tell("received", response.length);
    this.release(shown?.code ?? Code.OK);
    this.caller.end(shown, response, compress);
  }

  /** Observes a message of the call to the handler, which nothing compresses. */
  #tell(direction: "sent" | "received", bytes: number): void {
    this.onMessageSize?.({ direction, bytes, wireBytes: bytes });
  }

  // Called by the caller's transport.

  onMessage(message: Buffer, compressed: boolean, start?: number): void {
    if (this.ended) return;
    this.#tell("sent", message.length - (start ?? 0));
    this.#handler?.onMessage(message, compressed, start);
  }

  onHalfClose(): void {
    if (this.ended) return;
    if (this.#handler === undefined) this.#halfClosed = true;
    else this.#handler.onHalfClose();
  }

  onDrain(): void {
    if (!this.ended) this.#handler?.onDrain();
  }
}
