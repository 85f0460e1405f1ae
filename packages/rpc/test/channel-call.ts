// A call on a channel, without a client. It records all events.
import type { Metadata } from "../src/protocol/metadata.ts";
import type { Status } from "../src/protocol/status.ts";
import { steadyNow } from "../src/steady-clock.ts";
import type { Channel, ClientListener, ClientStream, OutgoingCall } from "../src/transport/client.ts";
import { methods } from "./attempts.ts";

export class ChannelCall implements ClientListener {
  readonly stream: ClientStream;
  readonly headers: (Metadata | undefined)[] = [];
  readonly messages: string[] = [];
  drains = 0;
  /** Resolves with the status. */
  readonly ended: Promise<Status>;
  readonly #ended = Promise.withResolvers<Status>();
  #hasEnded = false;

  /** Opens the call. It pulls one response at a time. */
  constructor(channel: Channel, kind: keyof typeof methods, changes: Partial<OutgoingCall> = {}) {
    const method = methods[kind];
    const call: OutgoingCall = {
      method,
      metadata: undefined,
      deadline: steadyNow() + 20_000,
      compression: "identity",
      waitForReady: undefined,
      authority: undefined,
      request: method.requestStream ? undefined : Buffer.from("request"),
      previousAttempts: 0,
      ...changes,
    };
    this.ended = this.#ended.promise;
    this.stream = channel.open(call, this);
    this.stream.pull();
  }

  onHeader(header: Metadata | undefined): void {
    this.#check();
    if (this.headers.push(header) > 1) throw new Error("a second header");
  }

  onMessage(message: Buffer): void {
    this.#check();
    this.messages.push(message.toString());
    this.stream.pull();
  }

  onDrain(): void {
    this.#check();
    this.drains++;
  }

  onStatus(status: Status): void {
    this.#check();
    this.#hasEnded = true;
    this.#ended.resolve(status);
  }

  #check(): void {
    if (this.#hasEnded) throw new Error("an event of the call follows its status");
  }
}
