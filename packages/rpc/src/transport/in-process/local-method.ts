// Hands the calls of another transport over to a server in this process. A proxy in front of such a
// server needs no call of a client: its caller's stream is the stream of the handler.
import type { MessageLimits } from "../../limits/limits.ts";
import type { Status } from "../../protocol/status.ts";
import type { ServedMethod, ServerListener } from "../server.ts";
import { type HandedOverStream, LocalCall, type LocalServer } from "./local-call.ts";
import type { InProcessTransport } from "./transport.ts";

/** The channel to the server. */
interface LocalChannel {
  readonly limits: MessageLimits;
  /** The status of new calls, if the channel is closed. */
  readonly refusal: Status | undefined;
}

/** The listener of a call that has been rejected. */
const rejected: ServerListener = { onMessage() {}, onHalfClose() {}, onDrain() {}, onCancel() {} };

/**
 * A method of a server in this process. Its calls are those that the channel would open, with the
 * limits of both sides, except that the caller's transport delivers the messages.
 */
export class LocalMethod implements LocalServer {
  readonly #transport: InProcessTransport;
  readonly #channel: LocalChannel;
  readonly #path: string;
  /** Undefined until the server serves the method. */
  #served: ServedMethod | undefined = undefined;
  readonly maxRequestBytes: number;
  readonly maxResponseBytes: number;

  constructor(transport: InProcessTransport, channel: LocalChannel, path: string) {
    this.#transport = transport;
    this.#channel = channel;
    this.#path = path;
    this.maxRequestBytes = Math.min(channel.limits.maxSendMessageBytes, transport.limits.maxReceiveMessageBytes);
    this.maxResponseBytes = Math.min(channel.limits.maxReceiveMessageBytes, transport.limits.maxSendMessageBytes);
  }

  /** Whether the method takes a message in a borrowed buffer: see `ServedMethod`. */
  get borrows(): boolean {
    return this.#find()?.borrows === true;
  }

  /** Runs a call that pulls its requests. */
  open(stream: HandedOverStream): ServerListener {
    const method = this.#method(stream);
    if ("code" in method) return reject(stream, method);
    const call = new LocalCall(this, method, stream);
    call.open();
    return call;
  }

  /** Runs a call with its only request. The parameters are those of `ServedMethod`. */
  answer(stream: HandedOverStream, request: Buffer, compressed: boolean, start = 0): ServerListener {
    const method = this.#method(stream);
    if ("code" in method) return reject(stream, method);
    const call = new LocalCall(this, method, stream);
    call.answer(request, compressed, start);
    return call;
  }

  /** Returns the method for a call, or the status that rejects the call. */
  #method(stream: HandedOverStream): ServedMethod | Status {
    const refusal = this.#channel.refusal ?? this.#transport.refusal(stream.metadataSize);
    return refusal ?? this.#find() ?? this.#transport.unknown(this.#path, () => stream.metadata);
  }

  #find(): ServedMethod | undefined {
    this.#served ??= this.#transport.served(this.#path);
    return this.#served;
  }

  // Called by the calls.

  get channelLimits(): MessageLimits {
    return this.#channel.limits;
  }

  get serverLimits(): MessageLimits {
    return this.#transport.limits;
  }

  started(call: LocalCall): void {
    this.#transport.started(call);
  }

  ended(call: LocalCall): void {
    this.#transport.ended(call);
  }
}

function reject(stream: HandedOverStream, status: Status): ServerListener {
  stream.end(status, undefined, false);
  return rejected;
}
