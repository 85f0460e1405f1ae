// Connections without a channel, and what an attempt of a call hears: for tests of what goes over
// the wire.
import { onTestFinished } from "vitest";
import { defaultChannelLimits } from "../src/limits/limits.ts";
import { Code } from "../src/protocol/code.ts";
import type { Metadata } from "../src/protocol/metadata.ts";
import type { Status } from "../src/protocol/status.ts";
import type { ClientStream, OutgoingCall } from "../src/transport/client.ts";
import type { Address, AttemptListener, Connection, DialOptions, Progress } from "../src/transport/connection.ts";
import { http2Dial } from "../src/transport/http2/client/dial.ts";

export interface TestDialOptions extends Partial<Omit<DialOptions, "limits">> {
  readonly limits?: Partial<DialOptions["limits"]> | undefined;
}

/** Turns `host:port` and `unix:path` into an address. */
export function toAddress(target: string): Address {
  if (target.startsWith("unix:")) return { path: target.slice("unix:".length) };
  const colon = target.lastIndexOf(":");
  return { host: target.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(target.slice(colon + 1)) };
}

export function dialerFor(target: string, { limits, ...options }: TestDialOptions = {}) {
  const dial = http2Dial({
    target,
    certificates: undefined,
    serverName: "localhost",
    authority: target.startsWith("unix:") ? "localhost" : target,
    proxy: undefined,
    ...options,
    limits: { ...defaultChannelLimits, ...limits },
  });
  return async (signal: AbortSignal = AbortSignal.timeout(10_000)): Promise<Connection> => {
    const connection = await dial(toAddress(target), signal);
    onTestFinished(() => connection.destroy());
    return connection;
  };
}

export const dialTo = (target: string, options: TestDialOptions = {}): Promise<Connection> => dialerFor(target, options)();

type Kind = "unary" | "serverStream" | "clientStream" | "bidiStream";

export const methods = {
  unary: { path: "/test.v1.TestService/Unary", requestStream: false, responseStream: false },
  serverStream: { path: "/test.v1.TestService/ServerStream", requestStream: false, responseStream: true },
  clientStream: { path: "/test.v1.TestService/ClientStream", requestStream: true, responseStream: false },
  bidiStream: { path: "/test.v1.TestService/BidiStream", requestStream: true, responseStream: true },
} as const;

export interface TestCallOptions extends Partial<OutgoingCall> {
  /** The number of pulls at the start. Default: one pull at a time, after each response. */
  readonly pulls?: number;
}

/** An attempt that records its events. */
export class TestCall implements AttemptListener {
  readonly stream: ClientStream;
  readonly headers: (Metadata | undefined)[] = [];
  readonly messages: Buffer[] = [];
  readonly compressed: boolean[] = [];
  drains = 0;
  end: { readonly status: Status; readonly progress: Progress; readonly pushback: string | undefined } | undefined;
  /** Resolves with the end of the attempt. */
  readonly ended: Promise<{ readonly status: Status; readonly progress: Progress; readonly pushback: string | undefined }>;
  readonly #pulls: number;
  #opened = false;
  #resolve: (end: NonNullable<TestCall["end"]>) => void = () => {};

  constructor(connection: Connection, kind: Kind, { pulls = Number.POSITIVE_INFINITY, ...call }: TestCallOptions = {}) {
    this.#pulls = pulls;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const method = methods[kind];
    this.stream = connection.open(
      {
        method,
        metadata: undefined,
        deadline: Number.POSITIVE_INFINITY,
        compression: "identity",
        waitForReady: false,
        authority: undefined,
        request: method.requestStream ? undefined : Buffer.from("request"),
        previousAttempts: 0,
        ...call,
      },
      this,
    );
    this.#opened = true;
    for (let n = 0; n < Math.min(pulls, 1_000_000); n++) {
      this.stream.pull();
      if (pulls === Number.POSITIVE_INFINITY) break;
    }
  }

  get status(): Promise<Status> {
    return this.ended.then(({ status }) => status);
  }

  /** The received messages, as text. */
  get texts(): string[] {
    return this.messages.map((message) => message.toString());
  }

  onHeader(header: Metadata | undefined): void {
    this.#check();
    this.headers.push(header);
  }

  onMessage(message: Buffer, compressed: boolean): void {
    this.#check();
    this.messages.push(message);
    this.compressed.push(compressed);
    if (this.#pulls === Number.POSITIVE_INFINITY) this.stream.pull();
  }

  onDrain(): void {
    this.#check();
    this.drains++;
  }

  onEnd(status: Status, progress: Progress, pushback: string | undefined): void {
    this.#check();
    this.end = { status, progress, pushback };
    this.#resolve(this.end);
  }

  #check(): void {
    if (!this.#opened) throw new Error("an event of the attempt precedes the return of open()");
    if (this.end !== undefined) throw new Error("an event of the attempt follows its end");
  }
}

/** Opens a call and resolves with its status. */
export const statusOf = (connection: Connection, kind: Kind, options: TestCallOptions = {}): Promise<Status> =>
  new TestCall(connection, kind, options).status;

/** The expected error of a failed attempt to connect. */
export const cannotConnect = (target: string, cause: string) => ({
  code: Code.UNAVAILABLE,
  message: `cannot connect to ${target}: ${cause}`,
});
