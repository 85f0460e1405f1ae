// Uses a grpc-js channel for the clients of this package.
import { type CallCredentials, type ChannelInterface, connectivityState, type Interceptor } from "@grpc/grpc-js";
import { checkBoolean, checkFunctions, checkOptionNames, checkTime, type Names, shown, wrongType } from "../../checks.ts";
import { Code } from "../../protocol/code.ts";
import { errorFromStatus } from "../../protocol/error.ts";
import type { Status } from "../../protocol/status.ts";
import { toSystemTime } from "../../steady-clock.ts";
import type { Channel, ChannelState, ClientListener, ClientStream, OutgoingCall } from "../client.ts";
import { type CallTarget, GrpcJsStream } from "./client-stream.ts";
import { FailedStream } from "./failed-stream.ts";
import { type CallFactory, createCall } from "./intercepted-call.ts";
import { lostKey, unsupportedCompression, unsupportedKey } from "./unsupported.ts";

export interface GrpcJsChannelOptions {
  /**
   * Whether the channel uses TLS. Tokens are sent only over TLS. A grpc-js channel does not reveal
   * its credentials, so it counts as plaintext unless this option is set. Default: false.
   */
  readonly secure?: boolean | undefined;
  /**
   * Client interceptors of grpc-js, the first outermost. They see each message as a Buffer.
   * Default: none.
   */
  readonly interceptors?: readonly Interceptor[] | undefined;
  /**
   * Call credentials of grpc-js for each call. They need `secure`. A call fails if its credentials
   * return metadata that cannot be sent. Default: none.
   */
  readonly callCredentials?: CallCredentials | undefined;
  /**
   * How long a call waits for a connection, in milliseconds. Then it fails with UNAVAILABLE.
   * grpc-js alone waits for ever for a peer that accepts the connection and stays silent (grpc-node
   * issue 2785). A call with `waitForReady` is not limited. Infinity turns the timeout off.
   * Default: 20,000.
   */
  readonly connectTimeoutMs?: number | undefined;
}

const names: Names<GrpcJsChannelOptions> = { secure: true, interceptors: true, callCredentials: true, connectTimeoutMs: true };

/**
 * Uses a grpc-js channel, with its resolvers, balancers and credentials, for the clients of this
 * package. Closing the returned channel closes the grpc-js channel. unsupported.ts lists what
 * grpc-js cannot do.
 *
 * @example
 * const channel = new grpc.Channel("xds:///shop", grpc.credentials.createSsl(), {});
 * const client = createClient(Greeter, grpcJsChannel(channel, { secure: true }));
 *
 * @throws TypeError for a wrong option, and for call credentials on a channel without `secure`.
 */
export function grpcJsChannel(channel: ChannelInterface, options: GrpcJsChannelOptions = {}): Channel {
  checkOptionNames("grpcJsChannel()", options, names);
  const { secure = false, interceptors = [], callCredentials: credentials, connectTimeoutMs = 20_000 } = options;
  checkBoolean("secure", secure);
  checkFunctions("interceptors", interceptors);
  checkTime("connectTimeoutMs", connectTimeoutMs);
  if (typeof channel?.createCall !== "function") {
    throw new TypeError(`grpcJsChannel() takes a channel of grpc-js, new grpc.Channel(…), got ${shown(channel)}`);
  }
  if (credentials !== undefined && typeof credentials?.generateMetadata !== "function") {
    throw wrongType("callCredentials", "call credentials of grpc-js", credentials);
  }
  if (credentials !== undefined && !secure) {
    throw new TypeError("callCredentials need TLS: if the channel uses TLS, give grpcJsChannel() the option secure: true");
  }
  return new GrpcJsChannel({ channel, interceptors, credentials }, secure, connectTimeoutMs);
}

/**
 * The longest timeout that both sides of grpc-js handle: 24.8 days, in whole seconds. The grpc-js
 * server misreads a longer one, possibly as one that has passed. The client throws an uncaught
 * error for a timeout that is too long to be formatted.
 */
const longestTimeoutMs = 2_147_483_000;

/** The longest duration of Node's timers, in milliseconds. */
const longestTimerMs = 2 ** 31 - 1;

const states: Readonly<Record<connectivityState, ChannelState>> = {
  [connectivityState.IDLE]: "idle",
  [connectivityState.CONNECTING]: "connecting",
  [connectivityState.READY]: "ready",
  [connectivityState.TRANSIENT_FAILURE]: "failed",
  [connectivityState.SHUTDOWN]: "closed",
};

class GrpcJsChannel implements Channel, CallTarget {
  readonly target: string;
  /**
   * The default authority of grpc-js. The channel's own options may override it, but they are not
   * visible here.
   */
  readonly authority: string;
  readonly grpcTarget: string;
  readonly secure: boolean;
  readonly wireSizes = false;
  readonly #factory: CallFactory;
  readonly #connectTimeoutMs: number;

  constructor(factory: CallFactory, secure: boolean, connectTimeoutMs: number) {
    this.#factory = factory;
    this.secure = secure;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.grpcTarget = factory.channel.getTarget();
    this.target = this.grpcTarget.replace(/^dns:/, "");
    this.authority = authorityOf(this.grpcTarget);
  }

  get state(): ChannelState {
    return states[this.#factory.channel.getConnectivityState(false)];
  }

  close(): void {
    this.#factory.channel.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  open(call: OutgoingCall, listener: ClientListener): ClientStream {
    if (call.compression !== "identity") return new FailedStream(unsupportedCompression(call.compression), listener);
    if (call.metadata?.has(lostKey)) return new FailedStream(unsupportedKey(), listener);
    if (this.state === "closed") return new FailedStream(this.#closed(), listener);
    const deadline = Number.isFinite(call.deadline) ? Math.min(toSystemTime(call.deadline), Date.now() + longestTimeoutMs) : call.deadline;
    const raw = createCall(this.#factory, call.method, deadline, call.authority);
    const stream = new GrpcJsStream(this, call, listener, raw);
    stream.start();
    if (!call.waitForReady) this.#watchConnection(stream);
    return stream;
  }

  /**
   * Starts the connect timer of a call if there is no connection. The timer checks the channel's
   * state when it fires, so a call with a connection is not affected.
   */
  #watchConnection(stream: GrpcJsStream): void {
    if (this.state === "ready" || this.#connectTimeoutMs > longestTimerMs) return;
    stream.connectTimer = setTimeout(() => {
      if (this.state !== "ready") stream.fail(this.#noConnection());
    }, this.#connectTimeoutMs);
  }

  async connect(): Promise<void> {
    const { channel } = this.#factory;
    const deadline = Date.now() + Math.min(this.#connectTimeoutMs, longestTimerMs);
    for (;;) {
      // Checked first: grpc-js would reopen a closed channel.
      if (this.state === "closed") throw errorFromStatus(this.#closed());
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY) return;
      const { promise, resolve } = Promise.withResolvers<Error | undefined>();
      channel.watchConnectivityState(state, deadline, resolve);
      if ((await promise) !== undefined) throw errorFromStatus(await this.#lastFailure());
    }
  }

  /**
   * Returns the reason of the last failure. grpc-js reports it only to calls, so this opens a call
   * that fails at once and is never sent.
   */
  #lastFailure(): Promise<Status> {
    const { promise, resolve } = Promise.withResolvers<Status>();
    const unknown = this.#noConnection();
    if (this.state !== "failed") return Promise.resolve(unknown);
    const onStatus = (status: Status) => resolve(status.code === Code.UNAVAILABLE ? status : unknown);
    const stream = this.open(probe, { onHeader: ignore, onMessage: ignore, onDrain: ignore, onStatus });
    const timer = setTimeout(() => {
      stream.cancel(Code.CANCELLED, "the probe timed out");
      resolve(unknown);
    }, probeTimeoutMs);
    return promise.finally(() => clearTimeout(timer));
  }

  #noConnection(): Status {
    const message = `no connection to ${this.target} within ${this.#connectTimeoutMs} ms`;
    return { code: Code.UNAVAILABLE, message, metadata: undefined, cause: new Error("connect timeout") };
  }

  #closed(): Status {
    const message = `the channel to ${this.target} is closed`;
    return { code: Code.CANCELLED, message, metadata: undefined, cause: new Error(message) };
  }
}

/**
 * Returns the authority as grpc-js derives it: the part after the scheme, or `localhost` for a Unix
 * domain socket.
 */
function authorityOf(target: string): string {
  const { scheme, rest } = /^(?<scheme>[a-z][a-z0-9+.-]*):(?:\/\/[^/]*\/)?(?<rest>.*)$/i.exec(target)?.groups ?? {};
  if (scheme === "unix") return "localhost";
  // `localhost:50051` has no scheme.
  return rest !== undefined && (target.includes(":///") || /^(?:dns|xds|ipv4|ipv6)$/.test(scheme ?? "")) ? rest : target;
}

const probeTimeoutMs = 1_000;

const probe: OutgoingCall = {
  method: { path: "/grpc.health.v1.Health/Check", requestStream: false, responseStream: false },
  metadata: undefined,
  deadline: Number.POSITIVE_INFINITY,
  compression: "identity",
  waitForReady: false,
  authority: undefined,
  request: Buffer.alloc(0),
  previousAttempts: 0,
};

function ignore(): void {}
