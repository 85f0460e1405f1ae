// A channel: the connection, or connections, to one target.
import * as grpc from "@grpc/grpc-js";
import type { CodecFactory } from "@grpc-study/codec";
import { enableCompression } from "../compression/client.ts";
import { type Names, refuseUnknown } from "../known-options.ts";
import { type ChannelLimits, channelOptions, defaultChannelLimits, withDefaults } from "../limits/limits.ts";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import type { ClientTls } from "../security/tls.ts";
import { clientCredentials } from "../transport/grpc-js/credentials.ts";

export interface ChannelOptions {
  /** TLS, or mutual TLS; `true` trusts the authorities that Node knows. Default: plaintext. */
  readonly tls?: ClientTls | boolean | undefined;
  /** Channel credentials of grpc-js, instead of `tls`. */
  readonly credentials?: grpc.ChannelCredentials | undefined;
  /**
   * How long a call waits for a connection, in milliseconds; then it fails with UNAVAILABLE. Default 20,000, as
   * https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md has it. Without it, grpc-js waits for ever for a peer that accepts the
   * connection and stays silent (grpc-node issue 2785). A call with `waitForReady` waits on.
   */
  readonly connectTimeoutMs?: number | undefined;
  /** What the server may send, and when it counts as gone; each limit says its unit and its default. */
  readonly limits?: { readonly [Name in keyof ChannelLimits]?: ChannelLimits[Name] | undefined } | undefined;
  /** Options of grpc-js, for example `"grpc.initial_reconnect_backoff_ms"`. They go before `limits`. */
  readonly grpc?: grpc.ChannelOptions | undefined;
}

const channelNames: Names<ChannelOptions> = { tls: true, credentials: true, connectTimeoutMs: true, limits: true, grpc: true };
const tlsNames: Names<ClientTls> = {
  ca: true,
  cert: true,
  key: true,
  serverName: true,
  reloadMs: true,
  onReloadError: true,
};

/** Connections to one target. Made at the first call, and again when they are lost; shared by any number of clients. */
export interface Channel extends Disposable {
  readonly target: string;
  readonly connectTimeoutMs: number;
  /** Whether what is sent goes over TLS. */
  readonly secure: boolean;
  /** The channel of grpc-js below. */
  readonly grpc: grpc.ChannelInterface;
  /** How messages get through this channel; undefined, as bytes. */
  readonly codec: CodecFactory | undefined;
  /** Connects now. Rejects with UNAVAILABLE if that takes longer than `connectTimeoutMs`, or fails. */
  connect(): Promise<void>;
  /** Closes the connections. Calls that are running go on to their end, new ones fail. */
  close(): void;
}

const defaultConnectTimeoutMs = 20_000;

/**
 * @param target `host:port`, or any other name that grpc-js resolves: `dns:…`, `unix:…`, `ipv4:…`.
 * @throws TypeError if the target cannot be understood or an option does not exist, TlsFileError if a file of `tls` cannot be used.
 */
export function createChannel(target: string, options: ChannelOptions = {}): Channel {
  refuseUnknown("createChannel()", options, channelNames);
  const { connectTimeoutMs = defaultConnectTimeoutMs, tls } = options;
  refuseUnknown("limits", options.limits, defaultChannelLimits);
  if (typeof tls === "object") refuseUnknown("tls", tls, tlsNames);
  if (tls && options.credentials !== undefined) throw new TypeError("createChannel() takes either tls or credentials, got both");
  const credentials = options.credentials ?? (tls ? clientCredentials(tls === true ? {} : tls) : grpc.credentials.createInsecure());
  const serverName = typeof tls === "object" ? tls.serverName : undefined;
  // The name that the certificate is checked for is also the :authority, as in Go.
  const named = serverName && { "grpc.ssl_target_name_override": serverName, "grpc.default_authority": serverName };
  // Connections of its own, as in Go. A shared one that has failed tells only the first channel why.
  const own = { "grpc.use_local_subchannel_pool": 1 };
  const limits = channelOptions(withDefaults(defaultChannelLimits, options.limits));
  const grpcOptions = { ...own, ...named, ...limits, ...options.grpc };
  const channel = new grpc.Channel(target, credentials, grpcOptions);
  enableCompression(channel, grpcOptions);
  return wrap(channel, connectTimeoutMs, credentials._isSecure());
}

/**
 * A channel for a client: a new one, or one that there is.
 * @throws TypeError for options that only a new one can have.
 */
export function toChannel(target: string | Channel | grpc.ChannelInterface, options: ChannelOptions): Channel {
  const given = Object.keys(channelNames).filter((name) => options[name as keyof ChannelOptions] !== undefined);
  if (typeof target === "string")
    return createChannel(target, Object.fromEntries(given.map((name) => [name, options[name as keyof ChannelOptions]])));
  if (given.length > 0) {
    throw new TypeError(`createClient() cannot give the option "${given[0]}" to a channel that exists: give it to createChannel()`);
  }
  // What a channel of grpc-js is made of cannot be seen: it is taken for plaintext, so that no secret is sent by mistake.
  return "createCall" in target ? wrap(target, defaultConnectTimeoutMs, false) : target;
}

function wrap(channel: grpc.ChannelInterface, connectTimeoutMs: number, secure: boolean): Channel {
  const target = displayName(channel.getTarget());
  const close = () => channel.close();
  return {
    target,
    connectTimeoutMs,
    secure,
    grpc: channel,
    codec: undefined,
    connect: () => connect(channel, target, connectTimeoutMs),
    close,
    [Symbol.dispose]: close,
  };
}

function connect(channel: grpc.ChannelInterface, target: string, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  return new Promise((resolve, reject) => {
    const look = (timedOut?: Error) => {
      const state = channel.getConnectivityState(true);
      if (state === grpc.connectivityState.READY) resolve();
      else if (timedOut !== undefined) reject(connectTimeout(target, timeoutMs));
      else if (state === grpc.connectivityState.TRANSIENT_FAILURE || state === grpc.connectivityState.SHUTDOWN) {
        reject(new RpcError(Code.UNAVAILABLE, `cannot connect to ${target}`));
      } else channel.watchConnectivityState(state, deadline, look);
    };
    look();
  });
}

/**
 * Calls `fail` unless the channel is connected in time. Returns what stops the wait.
 *
 * One timer a call, and only while there is no connection: it looks at the channel when it fires, so that a call whose connection came
 * up is left alone, however long its answer takes.
 */
export function watchConnect(
  { grpc: channel, target, connectTimeoutMs }: Channel,
  fail: (error: RpcError) => void,
): (() => void) | undefined {
  if (channel.getConnectivityState(false) === grpc.connectivityState.READY) return undefined;
  if (!Number.isFinite(connectTimeoutMs)) return undefined;
  const timer = setTimeout(() => {
    if (channel.getConnectivityState(false) !== grpc.connectivityState.READY) fail(connectTimeout(target, connectTimeoutMs));
  }, connectTimeoutMs);
  return () => clearTimeout(timer);
}

export function isConnected({ grpc: channel }: Channel): boolean {
  return channel.getConnectivityState(false) === grpc.connectivityState.READY;
}

export function isClosed({ grpc: channel }: Channel): boolean {
  return channel.getConnectivityState(false) === grpc.connectivityState.SHUTDOWN;
}

function connectTimeout(target: string, timeoutMs: number): RpcError {
  const message = `no connection to ${target} within ${timeoutMs} ms`;
  return new RpcError(Code.UNAVAILABLE, message, { cause: new Error("connect timeout") });
}

/** The target without the scheme that grpc-js puts before it. */
function displayName(target: string): string {
  return target.replace(/^dns:/, "");
}
