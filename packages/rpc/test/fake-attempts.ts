// A source of scripted attempts, for the tests of retries. Each attempt records how it is used.

import type { AttemptSource } from "../src/channel/retry/attempts.ts";
import type { Code } from "../src/protocol/code.ts";
import { Metadata } from "../src/protocol/metadata.ts";
import type { Status } from "../src/protocol/status.ts";
import type { ClientListener, ClientStream, OutgoingCall } from "../src/transport/client.ts";
import type { AttemptListener, Progress } from "../src/transport/connection.ts";

export class FakeAttempt implements ClientStream {
  readonly call: OutgoingCall;
  readonly peer: string;
  readonly sent: string[] = [];
  halfClosed = false;
  pulls = 0;
  cancelled: { code: Code; message: string } | undefined;
  /** What `send` returns. */
  room = true;
  ended = false;
  readonly #listener: AttemptListener;

  constructor(call: OutgoingCall, listener: AttemptListener, peer: string) {
    this.call = call;
    this.peer = peer;
    this.#listener = listener;
    if (call.request !== undefined) this.sent.push(call.request.toString());
  }

  get runs(): boolean {
    return !this.ended && this.cancelled === undefined;
  }

  send(message: Buffer, compress: boolean): boolean {
    if (!this.runs) throw new Error("send on an attempt that has ended");
    if (this.halfClosed || this.call.request !== undefined) throw new Error("send after the last request");
    this.sent.push(`${message}${compress ? "" : " plain"}`);
    return this.room;
  }

  halfClose(): void {
    if (!this.runs) throw new Error("halfClose on an attempt that has ended");
    if (this.halfClosed) throw new Error("a second halfClose");
    this.halfClosed = true;
  }

  pull(): void {
    if (!this.runs) throw new Error("pull on an attempt that has ended");
    this.pulls++;
  }

  cancel(code: Code, message: string): void {
    if (!this.runs) throw new Error("cancel of an attempt that has ended");
    this.cancelled = { code, message };
  }

  header(key = "x-attempt"): void {
    if (this.runs) this.#listener.onHeader(new Metadata({ [key]: this.peer }), "identity");
  }

  message(text: string): void {
    if (!this.runs) return;
    if (this.pulls === 0) throw new Error("a message that was not pulled");
    this.pulls--;
    this.#listener.onMessage(Buffer.from(text), false);
  }

  drain(): void {
    this.room = true;
    if (this.runs) this.#listener.onDrain();
  }

  end(code: Code, { progress = "processed", pushback }: { progress?: Progress; pushback?: string } = {}): void {
    if (!this.runs) return;
    this.ended = true;
    this.#listener.onEnd({ code, message: this.peer, metadata: undefined }, progress, pushback);
  }
}

export class FakeSource implements AttemptSource {
  readonly attempts: FakeAttempt[] = [];
  /** Called with each attempt before anything is sent on it. */
  onOpen: (attempt: FakeAttempt) => void = () => undefined;

  get last(): FakeAttempt {
    const attempt = this.attempts.at(-1);
    if (attempt === undefined) throw new Error("no attempt");
    return attempt;
  }

  openAttempt(call: OutgoingCall, listener: AttemptListener): ClientStream {
    const attempt = new FakeAttempt(call, listener, `peer-${this.attempts.length + 1}`);
    this.attempts.push(attempt);
    this.onOpen(attempt);
    return attempt;
  }
}

/** Records the events of a call. */
export class FakeListener implements ClientListener {
  readonly headers: string[] = [];
  readonly messages: string[] = [];
  readonly statuses: Status[] = [];
  drains = 0;

  onHeader(header: Metadata | undefined): void {
    if (this.statuses.length > 0 || this.messages.length > 0) throw new Error("a header after a message or the status");
    this.headers.push(header?.get("x-attempt") ?? "");
  }

  onMessage(message: Buffer): void {
    if (this.statuses.length > 0) throw new Error("a message after the status");
    this.messages.push(message.toString());
  }

  onDrain(): void {
    if (this.statuses.length > 0) throw new Error("a drain after the status");
    this.drains++;
  }

  onStatus(status: Status): void {
    this.statuses.push(status);
  }
}

export function outgoing(changes: Partial<OutgoingCall> = {}): OutgoingCall {
  return {
    method: { path: "/test.v1.Echo/Say", requestStream: changes.request === undefined, responseStream: true },
    metadata: undefined,
    deadline: Number.POSITIVE_INFINITY,
    compression: "identity",
    waitForReady: undefined,
    authority: undefined,
    request: undefined,
    previousAttempts: 0,
    ...changes,
  };
}
