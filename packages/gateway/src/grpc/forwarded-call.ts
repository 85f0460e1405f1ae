// A relayed call that is a call on a channel. It passes responses on.
import { Code, type Metadata, RpcError } from "@grpc-study/rpc";
import type { ClientListener, ClientStream, Compression, OutgoingCall, ServerStream, Status } from "@grpc-study/rpc/transport";
import type { UpstreamConnection } from "../upstreams.ts";
import { RelayedCall, type RelayedMethod } from "./relayed-call.ts";

/** It is also the channel's `OutgoingCall` and its listener: a call is one allocation. */
export abstract class ForwardedCall extends RelayedCall implements OutgoingCall, ClientListener {
  metadata: Metadata | undefined = undefined;
  readonly compression: Compression;
  readonly waitForReady = undefined;
  readonly authority = undefined;
  request: Buffer | undefined;
  previousAttempts = 0;
  protected upstream: ClientStream | undefined = undefined;
  /** The only response of a method without a response stream. It is sent with the status. */
  #response: Buffer | undefined = undefined;
  #responseCompressed = false;
  /** The compression that the header announces, if the caller accepts it. */
  protected responseCompression: Compression = "identity";
  /** The connection, while the call runs. */
  #connection: UpstreamConnection | undefined = undefined;

  /** @param compression the compression of the requests. */
  constructor(method: RelayedMethod, caller: ServerStream, request: Buffer | undefined, compression: Compression) {
    super(method, caller);
    this.request = request;
    this.compression = compression;
  }

  protected open(): void {
    const { method } = this;
    const metadata = this.upstreamMetadata;
    this.metadata = metadata;
    const attempts = metadata?.get("grpc-previous-rpc-attempts");
    if (attempts !== undefined && /^\d{1,9}$/.test(attempts)) this.previousAttempts = Number(attempts);
    const connection = method.connections.choose();
    connection.calls++;
    this.#connection = connection;
    this.upstream = connection.channel.open(this, this);
    this.upstream.pull();
    // Also pulls a second response, to detect an upstream that sends more than one.
    if (!method.responseStream) this.upstream?.pull();
    if (!this.ended) this.opened();
  }

  /** The upstream's call is open. */
  protected opened(): void {}

  protected cancelUpstream({ code, message }: Status): void {
    const { upstream } = this;
    this.#drop();
    upstream?.cancel(code, message);
  }

  // Called by the channel.

  onHeader(header: Metadata | undefined, compression: Compression): void {
    if (this.ended) return;
    // The header commits the call: the channel never sends the request again.
    this.request = undefined;
    if (compression !== "identity" && this.caller.accepts(compression)) this.responseCompression = compression;
    this.passHeader(header);
  }

  /** Sends the header of the response. */
  protected passHeader(header: Metadata | undefined): void {
    this.caller.sendHeader(header, this.responseCompression);
  }

  /** Sends the header before the status, if it was held back. */
  protected flushHeader(): void {}

  onMessage(message: Buffer, compressed: boolean): void {
    if (this.ended) return;
    const compress = compressed && this.responseCompression !== "identity";
    if (this.method.responseStream) {
      if (this.caller.send(message, compress)) this.upstream?.pull();
    } else if (this.#response === undefined) {
      this.#response = message;
      this.#responseCompressed = compress;
    } else this.cancel(new RpcError(Code.UNIMPLEMENTED, `${this.method.path} got more than one response`));
  }

  abstract onDrain(): void;

  onStatus(received: Status): void {
    if (this.ended) return;
    const { caller } = this;
    const status = this.visible(received);
    const response = this.#response;
    this.release(status.code);
    this.#drop();
    this.flushHeader();
    if (status.code !== Code.OK) caller.end(status, undefined, false);
    else caller.end(status.metadata === undefined && status.message === "" ? undefined : status, response, this.#responseCompressed);
  }

  /** Drops what belongs to the upstream's call. */
  #drop(): void {
    this.upstream = undefined;
    this.#response = undefined;
    this.request = undefined;
    this.#connection?.end();
    this.#connection = undefined;
  }
}
