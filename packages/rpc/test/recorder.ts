// Records a call on a channel, for tests of transports without a client.
import { Code } from "../src/protocol/code.ts";
import { Metadata, type MetadataInit } from "../src/protocol/metadata.ts";
import type { Status } from "../src/protocol/status.ts";
import type { Channel, ClientListener, ClientStream, OutgoingCall } from "../src/transport/client.ts";

export interface RecordedCallOptions extends Partial<Omit<OutgoingCall, "method" | "metadata" | "request">> {
  readonly metadata?: MetadataInit;
  readonly request?: string;
  readonly requestStream?: boolean;
  readonly responseStream?: boolean;
  /** The number of pulls at the start. Default: one pull at a time, after each response. */
  readonly pulls?: number;
}

/** Opens a call and records its events. */
export class RecordedCall implements ClientListener {
  readonly stream: ClientStream;
  header: Metadata | undefined;
  readonly messages: string[] = [];
  drains = 0;
  /** The events in order. */
  readonly events: string[] = [];
  readonly #ended = Promise.withResolvers<Status>();
  readonly #pullsAll: boolean;
  #opened = false;

  constructor(channel: Channel, path: string, options: RecordedCallOptions = {}) {
    const { metadata, request, requestStream = false, responseStream = false, pulls = Number.POSITIVE_INFINITY, ...rest } = options;
    this.#pullsAll = pulls === Number.POSITIVE_INFINITY;
    this.stream = channel.open(
      {
        method: { path, requestStream, responseStream },
        metadata: metadata === undefined ? undefined : new Metadata(metadata),
        deadline: Number.POSITIVE_INFINITY,
        compression: "identity",
        waitForReady: false,
        authority: undefined,
        previousAttempts: 0,
        request: requestStream ? undefined : Buffer.from(request ?? ""),
        ...rest,
      },
      this,
    );
    this.#opened = true;
    for (let i = 0; i < (this.#pullsAll ? 1 : pulls); i++) this.stream.pull();
  }

  get ended(): Promise<Status> {
    return this.#ended.promise;
  }

  onHeader(header = new Metadata()): void {
    this.#note("header");
    this.header = header;
  }

  onMessage(message: Buffer): void {
    this.#note("message");
    this.messages.push(message.toString());
    if (this.#pullsAll) this.stream.pull();
  }

  onDrain(): void {
    this.drains++;
  }

  onStatus(status: Status): void {
    this.#note(`status ${Code[status.code]}`);
    this.#ended.resolve(status);
  }

  #note(event: string): void {
    if (!this.#opened) throw new Error(`${event} precedes the return of open()`);
    this.events.push(event);
  }
}
