// A channel to a server in the same process.

import { checkObject, checkOptionNames, checkString, type Names } from "../../checks.ts";
import { defaultChannelLimits, type MessageLimits, withDefaults } from "../../limits/limits.ts";
import { Code } from "../../protocol/code.ts";
import { RpcError } from "../../protocol/error.ts";
import type { Status } from "../../protocol/status.ts";
import type { Channel, ChannelState, ClientListener, ClientStream, OutgoingCall } from "../client.ts";
import { InProcessCall } from "./call.ts";
import { LocalMethod } from "./local-method.ts";
import type { InProcessTransport } from "./transport.ts";

/** The options of an in-process channel. */
export interface InProcessOptions {
  /** The limits for messages. Defaults: as for `createChannel`. */
  readonly limits?: { readonly [Name in keyof MessageLimits]?: MessageLimits[Name] | undefined } | undefined;
}

const names: Names<InProcessOptions> = { limits: true };
const { maxReceiveMessageBytes, maxSendMessageBytes } = defaultChannelLimits;
const defaultLimits: MessageLimits = { maxReceiveMessageBytes, maxSendMessageBytes };

export class InProcessChannel implements Channel {
  readonly target = "in-process";
  readonly authority = "in-process";
  /** Nothing leaves the process. */
  readonly secure = true;
  readonly #transport: InProcessTransport;
  readonly limits: MessageLimits;
  #closed = false;

  constructor(transport: InProcessTransport, options: InProcessOptions = {}) {
    checkOptionNames("channel()", options, names);
    this.#transport = transport;
    this.limits = withDefaults(defaultLimits, options.limits);
  }

  get state(): ChannelState {
    return this.#closed ? "closed" : "ready";
  }

  async connect(): Promise<void> {
    if (this.#closed) throw new RpcError(Code.CANCELLED, closed);
  }

  close(): void {
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The status of new calls, if the channel is closed. */
  get refusal(): Status | undefined {
    if (!this.#closed) return undefined;
    return { code: Code.CANCELLED, message: closed, metadata: undefined, cause: new Error("the channel is closed") };
  }

  /** Returns a method of the server. */
  method(path: string): LocalMethod {
    return new LocalMethod(this.#transport, this, path);
  }

  open(call: OutgoingCall, listener: ClientListener): ClientStream {
    const stream = new InProcessCall(this.#transport, this.limits, call, listener);
    const method = this.refusal ?? this.#transport.find(call);
    if ("path" in method) stream.start(method);
    else stream.reject(method);
    return stream;
  }
}

/**
 * Returns a method of the server behind a channel, or undefined if the channel leaves the process.
 * The server need not serve the method yet.
 *
 * @param path `/package.Service/Method`.
 * @throws TypeError for a wrong argument.
 */
export function localMethod(channel: Channel, path: string): LocalMethod | undefined {
  checkObject("the channel of localMethod()", channel);
  checkString("the path of localMethod()", path);
  return channel instanceof InProcessChannel ? channel.method(path) : undefined;
}

const closed = "the channel to in-process is closed";
