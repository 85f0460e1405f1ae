// A relayed call: what its kinds share. It begins, passes responses on, and ends once.
import type { DescMethod } from "@bufbuild/protobuf";
import { Code, type Metadata, RpcError } from "@grpc-study/rpc";
import {
  type ClientListener,
  type ClientStream,
  type Compression,
  type OutgoingCall,
  type OutgoingMethod,
  requestFault,
  type ServerStream,
  type Status,
} from "@grpc-study/rpc/transport";
import type { Settings } from "../exchange.ts";
import { type CallInfo, hookMetadata, type MetadataHook, replaceMetadata } from "../hooks.ts";
import type { RunningCall } from "../running.ts";
import type { UpstreamConnection, UpstreamConnections } from "../upstreams.ts";
import { type OriginOf, prepareMetadata, requestInfo } from "./origin.ts";
import { statusOf } from "./status.ts";

/** The settings that all calls of a relay share. */
export interface RelaySettings extends Pick<Settings, "errors" | "running" | "callLimits" | "logger" | "hooks"> {
  readonly originOf: OriginOf;
}

/** The method of a call. */
export interface RelayedMethod extends OutgoingMethod {
  /** `undefined` for a common service of the upstream. */
  readonly desc: DescMethod | undefined;
  readonly connections: UpstreamConnections;
  /** The time limit of its calls, in milliseconds. */
  readonly timeoutMs: number;
  readonly settings: RelaySettings;
}

/** It is also the channel's `OutgoingCall` and its listener: a call is one allocation. */
export abstract class RelayedCall implements OutgoingCall, ClientListener, RunningCall {
  readonly method: RelayedMethod;
  metadata: Metadata | undefined = undefined;
  deadline: number;
  readonly compression: Compression;
  readonly waitForReady = undefined;
  readonly authority = undefined;
  request: Buffer | undefined;
  previousAttempts = 0;
  previous: RunningCall | undefined = undefined;
  next: RunningCall | undefined = undefined;
  protected readonly caller: ServerStream;
  protected upstream: ClientStream | undefined = undefined;
  protected ended = false;
  /** The only response of a method without a response stream. It is sent with the status. */
  #response: Buffer | undefined = undefined;
  #responseCompressed = false;
  /** The compression that the header announces, if the caller accepts it. */
  protected responseCompression: Compression = "identity";
  /** The key of the client in `callLimits`, while the call runs. */
  #client: string | undefined = undefined;
  /** The connection, while the call runs. */
  #connection: UpstreamConnection | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #requestId = "";
  #address = "";
  #began = 0;

  /** @param compression the compression of the requests. */
  constructor(method: RelayedMethod, caller: ServerStream, request: Buffer | undefined, compression: Compression) {
    this.method = method;
    this.caller = caller;
    this.deadline = caller.deadline;
    this.request = request;
    this.compression = compression;
  }

  /** Opens the upstream's call, unless a limit or a rule rejects it. */
  begin(): void {
    const { caller, method } = this;
    const { settings } = method;
    if (settings.logger !== undefined) this.#began = performance.now();
    try {
      const { metadata } = caller;
      const origin = settings.originOf(caller, metadata);
      const [address = ""] = origin.addresses;
      this.#address = address;
      const { metadata: hook } = settings.hooks;
      // Before the metadata of HTTP is removed.
      const seen = hook && requestInfo(method.path, caller, origin);
      this.#requestId = prepareMetadata(metadata, origin);
      if (hook === undefined || seen === undefined) this.#start(metadata);
      else {
        const request = { ...seen, requestId: this.#requestId };
        this.#count();
        void this.#authorize(hook, { request, protocol: "grpc", method: method.desc }, metadata);
      }
    } catch (thrown) {
      this.#reject(thrown);
    }
  }

  async #authorize(hook: MetadataHook, call: CallInfo, metadata: Metadata): Promise<void> {
    try {
      const more = await hookMetadata(hook, call);
      if (this.ended) return;
      replaceMetadata(metadata, more);
      this.#start(metadata);
    } catch (thrown) {
      if (!this.ended) this.#reject(thrown);
    }
  }

  #reject(thrown: unknown): void {
    const { errors, logger } = this.method.settings;
    const error = RpcError.from(thrown);
    if (error.code === Code.INTERNAL && error.cause !== undefined)
      logger?.error({ reqId: this.#requestId, err: error.cause }, error.message);
    this.#end(statusOf(errors.visible(error)));
  }

  /**
   * Opens the upstream's call.
   *
   * @throws RpcError INVALID_ARGUMENT for metadata that cannot be sent, HttpError at a limit.
   */
  #start(metadata: Metadata): void {
    const { method } = this;
    this.#setMetadata(metadata);
    if (this.#client === undefined) this.#count();
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

  /**
   * Counts the call until its end.
   *
   * @throws HttpError at a limit.
   */
  #count(): void {
    const { settings, timeoutMs } = this.method;
    this.#client = settings.callLimits.begin(this.#address);
    settings.running.add(this);
    if (timeoutMs !== Number.POSITIVE_INFINITY) this.#limitTime(timeoutMs);
  }

  /** @throws RpcError INVALID_ARGUMENT for metadata that cannot be sent. */
  #setMetadata(metadata: Metadata): void {
    const fault = requestFault(metadata);
    if (fault !== undefined) throw new RpcError(Code.INVALID_ARGUMENT, fault);
    this.metadata = metadata;
    const attempts = metadata.get("grpc-previous-rpc-attempts");
    if (attempts !== undefined && /^\d{1,9}$/.test(attempts)) this.previousAttempts = Number(attempts);
  }

  /** Ends the call after the gateway's time limit. The transport ends it at the caller's deadline. */
  #limitTime(timeoutMs: number): void {
    const deadline = Date.now() + timeoutMs;
    if (deadline >= this.deadline) return;
    this.deadline = deadline;
    this.#timer = setTimeout(timeUp, timeoutMs, this);
  }

  /** Ends the call on both sides. */
  cancel({ code, message }: RpcError): void {
    if (this.ended) return;
    this.upstream?.cancel(code, message);
    this.#end({ code, message, metadata: undefined });
  }

  /** The connection of a caller that does not read is closed by the transport. */
  abort(): void {}

  // Called by the transport.

  /** The caller has ended the call, or its connection is lost. */
  onCancel({ code, message }: Status): void {
    if (this.ended) return;
    this.upstream?.cancel(code, message);
    this.#release(code);
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
  protected flushHeader(_status: Status): void {}

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

  onStatus(status: Status): void {
    if (this.ended) return;
    this.#end(status.cause === undefined ? status : this.#visible(status));
  }

  /** A status of this side may have internal addresses. */
  #visible({ code, message, metadata, cause }: Status): Status {
    const { errors, logger } = this.method.settings;
    logger?.warn({ reqId: this.#requestId }, message);
    const shown = errors.visible(new RpcError(code, message, { cause }));
    return { code: shown.code, message: shown.message, metadata };
  }

  // The end.

  #end(status: Status): void {
    const { caller } = this;
    const response = this.#response;
    this.#release(status.code);
    this.flushHeader(status);
    if (status.code !== Code.OK) caller.end(status, undefined, false);
    else caller.end(status.metadata === undefined && status.message === "" ? undefined : status, response, this.#responseCompressed);
  }

  /** Releases what the call holds, and writes its line in the access log. */
  #release(code: Code): void {
    const { settings, path } = this.method;
    this.ended = true;
    this.upstream = undefined;
    this.#response = undefined;
    this.request = undefined;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    if (this.#client !== undefined) {
      settings.running.delete(this);
      settings.callLimits.end(this.#client);
      this.#client = undefined;
    }
    this.#connection?.end();
    this.#connection = undefined;
    if (settings.logger === undefined) return;
    const durationMs = Math.round((performance.now() - this.#began) * 1000) / 1000;
    const fields = { reqId: this.#requestId, method: "POST", path, protocol: "grpc", status: 200, grpc: Code[code], durationMs };
    settings.logger.info({ ...fields, peer: this.#address }, "request");
  }
}

function timeUp(call: RelayedCall): void {
  call.cancel(new RpcError(Code.DEADLINE_EXCEEDED, "deadline exceeded"));
}
