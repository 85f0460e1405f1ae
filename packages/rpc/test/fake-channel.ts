// A channel that a test controls. It records how a client uses it.
import type { Code } from "../src/index.ts";
import type { Channel, ClientListener, ClientStream, OutgoingCall } from "../src/transport/client.ts";

export class FakeStream implements ClientStream {
  readonly call: OutgoingCall;
  /** The client's listener. The test calls it. */
  readonly listener: ClientListener;
  peer: string | undefined = undefined;
  readonly sent: { readonly message: Buffer; readonly compress: boolean }[] = [];
  /** The result of `send`. */
  room = true;
  pulls = 0;
  halfClosed = false;
  readonly cancels: { readonly code: Code; readonly message: string }[] = [];

  constructor(call: OutgoingCall, listener: ClientListener) {
    this.call = call;
    this.listener = listener;
  }

  send(message: Buffer, compress: boolean): boolean {
    this.sent.push({ message, compress });
    return this.room;
  }

  halfClose(): void {
    this.halfClosed = true;
  }

  pull(): void {
    this.pulls++;
  }

  cancel(code: Code, message: string): void {
    this.cancels.push({ code, message });
  }
}

export class FakeChannel implements Channel {
  readonly target = "fake";
  readonly authority = "fake.example:443";
  readonly secure = true;
  readonly state = "ready";
  readonly streams: FakeStream[] = [];

  async connect(): Promise<void> {}

  close(): void {}

  [Symbol.dispose](): void {}

  open(call: OutgoingCall, listener: ClientListener): ClientStream {
    const stream = new FakeStream(call, listener);
    this.streams.push(stream);
    return stream;
  }

  /** The stream of the last call. */
  get last(): FakeStream {
    const stream = this.streams.at(-1);
    if (stream === undefined) throw new Error("no call was opened");
    return stream;
  }
}
