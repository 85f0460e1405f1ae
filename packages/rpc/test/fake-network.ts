// A network in memory for tests of channels. The test defines how its peers behave.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { HealthCheckRequestSchema, HealthCheckResponse_ServingStatus, HealthCheckResponseSchema } from "../gen/grpc/health/v1/health_pb.js";
import type { ChannelDependencies } from "../src/channel/open-channel.ts";
import { openChannel } from "../src/channel/open-channel.ts";
import { type ChannelOptions, readOptions } from "../src/channel/options.ts";
import { CallCounts } from "../src/channelz/counts.ts";
import { Code } from "../src/protocol/code.ts";
import { RpcError } from "../src/protocol/error.ts";
import type { Metadata } from "../src/protocol/metadata.ts";
import type { Status } from "../src/protocol/status.ts";
import type { Channel, ClientListener, ClientStream, OutgoingCall, OutgoingMethod } from "../src/transport/client.ts";
import type { Address, AttemptListener, Connection, DialOptions, Progress } from "../src/transport/connection.ts";

/** How a peer responds to a connection: it accepts, refuses, or stays silent. */
export type Behaviour = "up" | "refused" | "silent";

export class FakeNetwork {
  /** The peers by `host:port`, or by the path of a socket. */
  readonly peers = new Map<string, Behaviour>();
  /** The addresses of names. A name that is missing here does not exist. */
  readonly names = new Map<string, readonly string[]>();
  readonly connections: FakeConnection[] = [];
  /** Each attempt to connect: the peer, and the time by `performance.now()`. */
  readonly dials: { readonly to: string; readonly atMs: number }[] = [];
  readonly lookups: string[] = [];
  readonly dialOptions: DialOptions[] = [];
  /** The limit of concurrent calls on new connections. */
  limit = Number.POSITIVE_INFINITY;

  readonly dependencies: ChannelDependencies = {
    dialer: (options) => {
      this.dialOptions.push(options);
      return (address, signal) => this.#dial(address, signal, options.target);
    },
    lookup: (host) => {
      this.lookups.push(host);
      const addresses = this.names.get(host);
      return addresses ? Promise.resolve(addresses) : Promise.reject(Object.assign(new Error("no"), { code: "ENOTFOUND" }));
    },
  };

  channel(target: string, options: ChannelOptions = {}): Channel {
    return openChannel(target, readOptions("channel()", options), this.dependencies);
  }

  /** Connections that accept calls. */
  get open(): FakeConnection[] {
    return this.connections.filter(({ draining }) => !draining);
  }

  to(peer: string): FakeConnection[] {
    return this.open.filter((connection) => connection.peer === peer);
  }

  async #dial(address: Address, signal: AbortSignal, target: string): Promise<Connection> {
    const to = "path" in address ? address.path : `${address.host}:${address.port}`;
    this.dials.push({ to, atMs: performance.now() });
    const behaviour = this.peers.get(to) ?? "refused";
    if (behaviour === "silent") {
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
    signal.throwIfAborted();
    if (behaviour === "refused") throw new RpcError(Code.UNAVAILABLE, `cannot connect to ${target}: ${to} refuses`);
    const connection = new FakeConnection(to, this.limit);
    this.connections.push(connection);
    return connection;
  }
}

export class FakeConnection implements Connection {
  readonly peer: string;
  readonly limit: number;
  readonly streams: FakeStream[] = [];
  draining = false;
  served = false;
  /** True once the connection was closed or lost. */
  closed = false;
  onAvailable: (() => void) | undefined = undefined;
  onDown: ((status: Status) => void) | undefined = undefined;
  onClosed: (() => void) | undefined = undefined;
  counts = new CallCounts();

  constructor(peer: string, limit: number) {
    this.peer = peer;
    this.limit = limit;
  }

  get socket(): never {
    throw new Error("a fake connection has no socket");
  }

  get running(): FakeStream[] {
    return this.streams.filter(({ ended }) => !ended);
  }

  get calls(): number {
    return this.running.length;
  }

  get available(): number {
    return this.draining ? 0 : this.limit - this.calls;
  }

  open(call: OutgoingCall, listener: AttemptListener): ClientStream {
    if (this.available === 0) throw new Error("there is no room");
    const stream = new FakeStream(this, call, listener);
    this.streams.push(stream);
    return stream;
  }

  /** The health watches, which do not count as calls. */
  readonly watches: FakeWatch[] = [];

  openUncounted(call: OutgoingCall, listener: AttemptListener): ClientStream {
    const watch = new FakeWatch(call, listener);
    this.watches.push(watch);
    return watch;
  }

  /** Simulates GOAWAY from the peer. */
  goaway(): void {
    this.draining = true;
    this.onDown?.({ code: Code.UNAVAILABLE, message: "goaway", metadata: undefined });
  }

  /** Simulates the loss of the socket, which ends all calls. */
  lose(): void {
    this.draining = true;
    this.closed = true;
    this.onClosed?.();
    for (const stream of this.running) stream.end(Code.UNAVAILABLE, "lost");
    for (const watch of this.watches) watch.end(Code.UNAVAILABLE, "lost");
    this.onDown?.({ code: Code.UNAVAILABLE, message: "lost", metadata: undefined });
  }

  close(): void {
    this.draining = true;
    this.closed = true;
    this.onClosed?.();
  }

  destroy(): void {
    this.close();
  }
}

export class FakeStream implements ClientStream {
  readonly connection: FakeConnection;
  readonly call: OutgoingCall;
  readonly listener: AttemptListener;
  readonly sent: string[] = [];
  pulls = 0;
  halfClosed = false;
  ended = false;

  constructor(connection: FakeConnection, call: OutgoingCall, listener: AttemptListener) {
    this.connection = connection;
    this.call = call;
    this.listener = listener;
  }

  get peer(): string {
    return this.connection.peer;
  }

  send(message: Buffer): boolean {
    this.sent.push(message.toString());
    return true;
  }

  halfClose(): void {
    this.halfClosed = true;
  }

  pull(): void {
    this.pulls++;
  }

  cancel(): void {
    this.#leave();
  }

  end(code: Code = Code.OK, message = "", progress: Progress = "processed"): void {
    if (!this.#leave()) return;
    if (!this.connection.closed) this.connection.served = true;
    this.listener.onEnd({ code, message, metadata: undefined }, progress, undefined);
  }

  #leave(): boolean {
    if (this.ended) return false;
    const wasFull = this.connection.available === 0;
    this.ended = true;
    if (wasFull && this.connection.available > 0) this.connection.onAvailable?.();
    return true;
  }
}

/** A call of `Watch`, whose responses the test sends. */
export class FakeWatch implements ClientStream {
  readonly peer = undefined;
  readonly call: OutgoingCall;
  readonly #listener: AttemptListener;
  #pulls = 0;
  ended = false;

  constructor(call: OutgoingCall, listener: AttemptListener) {
    this.call = call;
    this.#listener = listener;
  }

  get service(): string {
    return fromBinary(HealthCheckRequestSchema, this.call.request ?? Buffer.alloc(0)).service;
  }

  /** Sends a response, unless the call has ended. */
  say(status: keyof typeof HealthCheckResponse_ServingStatus): void {
    if (this.ended) return;
    if (this.#pulls-- === 0) throw new Error("a response that was not pulled");
    const response = create(HealthCheckResponseSchema, { status: HealthCheckResponse_ServingStatus[status] });
    this.#listener.onMessage(Buffer.from(toBinary(HealthCheckResponseSchema, response)), false);
  }

  end(code: Code, message = ""): void {
    if (this.ended) return;
    this.ended = true;
    this.#listener.onEnd({ code, message, metadata: undefined }, "processed", undefined);
  }

  pull(): void {
    this.#pulls++;
  }

  cancel(): void {
    this.ended = true;
  }

  send(): boolean {
    throw new Error("Watch has one request");
  }

  halfClose(): void {}
}

const unary: OutgoingMethod = { path: "/test.Service/Unary", requestStream: false, responseStream: false };
const stream: OutgoingMethod = { path: "/test.Service/Stream", requestStream: true, responseStream: true };

/** A call that records its events. */
export class FakeCall implements ClientListener {
  readonly stream: ClientStream;
  status: Status | undefined;
  drains = 0;
  readonly #ended = Promise.withResolvers<Status>();

  constructor(channel: Channel, options: { readonly waitForReady?: boolean; readonly request?: string | undefined } = {}) {
    const { waitForReady, request = "request" } = options;
    this.stream = channel.open(
      {
        method: "request" in options && options.request === undefined ? stream : unary,
        metadata: undefined,
        deadline: Number.POSITIVE_INFINITY,
        compression: "identity",
        waitForReady,
        authority: undefined,
        request: "request" in options && options.request === undefined ? undefined : Buffer.from(request),
        previousAttempts: 0,
      },
      this,
    );
  }

  /** Resolves with the status. */
  get ended(): Promise<Status> {
    return this.#ended.promise;
  }

  onHeader(_: Metadata): void {}

  onMessage(): void {}

  onDrain(): void {
    this.drains++;
  }

  onStatus(status: Status): void {
    this.status = status;
    this.#ended.resolve(status);
  }
}
