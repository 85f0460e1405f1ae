// A channel to a server in the same process.

import { checkOptionNames, type Names } from "../../checks.ts";
import { defaultChannelLimits, type MessageLimits, withDefaults } from "../../limits/limits.ts";
import { Code } from "../../protocol/code.ts";
import { RpcError } from "../../protocol/error.ts";
import type { Channel, ChannelState, ClientListener, ClientStream, OutgoingCall } from "../client.ts";
import { InProcessCall } from "./call.ts";
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
  readonly #limits: MessageLimits;
  #closed = false;

  constructor(transport: InProcessTransport, options: InProcessOptions = {}) {
    checkOptionNames("channel()", options, names);
    this.#transport = transport;
    this.#limits = withDefaults(defaultLimits, options.limits);
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

  open(call: OutgoingCall, listener: ClientListener): ClientStream {
    const stream = new InProcessCall(this.#transport, this.#limits, call, listener);
    if (this.#closed) {
      stream.reject({ code: Code.CANCELLED, message: closed, metadata: undefined, cause: new Error("the channel is closed") });
      return stream;
    }
    const method = this.#transport.find(call);
    if ("path" in method) stream.start(method);
    else stream.reject(method);
    return stream;
  }
}

const closed = "the channel to in-process is closed";
