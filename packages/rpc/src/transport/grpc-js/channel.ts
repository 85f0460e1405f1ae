// A channel of grpc-js below clients of this package.
import { type CallCredentials, type ChannelInterface, connectivityState, type Interceptor } from "@grpc/grpc-js";
import { checkBoolean, checkFunctions, checkOptionNames, checkTime, type Names, shown, wrongType } from "../../checks.ts";
import { Code } from "../../protocol/code.ts";
import { errorFromStatus } from "../../protocol/error.ts";
import type { Status } from "../../protocol/status.ts";
import type { Channel, ChannelState, ClientListener, ClientStream, OutgoingCall } from "../client.ts";
import { type CallTarget, GrpcJsStream } from "./client-stream.ts";
import { FailedStream } from "./failed-stream.ts";
import { type CallFactory, createCall } from "./intercepted-call.ts";
import { lostKey, unsupportedCompression, unsupportedKey } from "./unsupported.ts";

export interface GrpcJsChannelOptions {
  /**
   * Whether the channel uses TLS. Tokens are sent only then: what a channel of grpc-js is made of cannot be seen, so it counts as plaintext.
   * Default: false.
   */
  readonly secure?: boolean | undefined;
  /** Client interceptors of grpc-js, the first outermost. They see each message as a Buffer. */
  readonly interceptors?: readonly Interceptor[] | undefined;
  /** Call credentials of grpc-js, for each call. They need `secure`. What they give is checked: metadata that cannot be sent ends the call. */
  readonly callCredentials?: CallCredentials | undefined;
  /**
   * How long a call waits for a connection, in milliseconds; then it fails with UNAVAILABLE. Infinity: for ever. Without it, grpc-js waits for ever for a
   * peer that accepts the connection and stays silent (grpc-node issue 2785). A call with `waitForReady` waits on. Default: 20,000.
   */
  readonly connectTimeoutMs?: number | undefined;
}

const names: Names<GrpcJsChannelOptions> = { secure: true, interceptors: true, callCredentials: true, connectTimeoutMs: true };

/**
 * Takes a channel of grpc-js, with all of its resolvers, balancers and credentials, for clients of this package. Closing it closes the channel of grpc-js.
 * unsupported.ts lists what grpc-js cannot do.
 *
 * @example
 * const channel = new grpc.Channel("xds:///shop", grpc.credentials.createSsl(), {});
 * const client = createClient(Greeter, grpcJsChannel(channel, { secure: true }));
 *
 * @throws TypeError for an option that does not exist, and for call credentials on a channel without `secure`.
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
    throw new TypeError("callCredentials go over TLS only: if the channel uses TLS, give grpcJsChannel() the option secure: true");
  }
  return new GrpcJsChannel({ channel, interceptors, credentials }, secure, connectTimeoutMs);
}

/**
 * The longest timeout that both sides of grpc-js understand: 24.8 days, in whole seconds. The server of grpc-js takes a longer one for any other, also one
 * that has passed; the client throws at one that is too long to be written, where nobody can catch it.
 */
const longestTimeoutMs = 2_147_483_000;

/** The longest time of Node's timers. */
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
  /** What grpc-js takes for it, unless the options of its channel say otherwise, which cannot be seen. */
  readonly authority: string;
  readonly grpcTarget: string;
  readonly secure: boolean;
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
    const deadline = Number.isFinite(call.deadline) ? Math.min(call.deadline, Date.now() + longestTimeoutMs) : call.deadline;
    const raw = createCall(this.#factory, call.method, deadline, call.authority);
    const stream = new GrpcJsStream(this, call, listener, raw);
    stream.start();
    if (!call.waitForReady) this.#watchConnection(stream);
    return stream;
  }

  /** A timer a call, while there is no connection. It looks at the channel when it fires: a call whose connection came up is left alone. */
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
      // Looked at first: grpc-js would open a closed channel again.
      if (this.state === "closed") throw errorFromStatus(this.#closed());
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY) return;
      const { promise, resolve } = Promise.withResolvers<Error | undefined>();
      channel.watchConnectivityState(state, deadline, resolve);
      if ((await promise) !== undefined) throw errorFromStatus(await this.#lastFailure());
    }
  }

  /** grpc-js tells why there is no connection only to a call. One is made that fails at once, and is never sent. */
  #lastFailure(): Promise<Status> {
    const { promise, resolve } = Promise.withResolvers<Status>();
    const unknown = this.#noConnection();
    if (this.state !== "failed") return Promise.resolve(unknown);
    const onStatus = (status: Status) => resolve(status.code === Code.UNAVAILABLE ? status : unknown);
    const stream = this.open(probe, { onHeader: ignore, onMessage: ignore, onDrain: ignore, onStatus });
    const timer = setTimeout(() => {
      stream.cancel(Code.CANCELLED, "nobody waits for it");
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

/** As grpc-js has it: what follows the scheme, and `localhost` for a Unix domain socket. */
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
