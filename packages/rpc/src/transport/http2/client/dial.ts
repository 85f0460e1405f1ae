// Makes connections: a socket, a proxy tunnel, TLS, and the server's SETTINGS.

import { connect, type Socket } from "node:net";
import { attachClient, errorCodeName, type ClientConnection as Http2Connection } from "@grpc-study/http2";
import { hostPort } from "../../../protocol/host-port.ts";
import { pathTooLong } from "../../connect-cause.ts";
import type { Address, Connection, ConnectStep, Dial, DialOptions, HttpProxy } from "../../connection.ts";
import { ClosedByPeer, ConnectFailure, connectError, wrongProtocol } from "./connect-failure.ts";
import { ClientConnection } from "./connection.ts";
import { SharedState } from "./shared-state.ts";
import { SecureConnector } from "./tls.ts";
import { openTunnel } from "./tunnel.ts";
import { waitFor } from "./wait-for.ts";

/**
 * Returns a function that makes the connections of a channel, on the HTTP/2 engine. The connections
 * share what they learn of the server.
 */
export function http2Dial(options: DialOptions): Dial {
  const shared = new SharedState(options);
  const connector = options.certificates && new SecureConnector(options.certificates, options.serverName);
  return (address, signal, onStep = () => {}) => dial(address, signal, onStep, shared, connector, options.proxy);
}

async function dial(
  address: Address,
  signal: AbortSignal,
  onStep: (step: ConnectStep) => void,
  shared: SharedState,
  connector: SecureConnector | undefined,
  proxy: HttpProxy | undefined,
): Promise<Connection> {
  signal.throwIfAborted();
  // A proxy connects to hosts; a Unix domain socket is on this machine.
  const via = "path" in address ? undefined : proxy;
  let atProxy = via !== undefined;
  let socket: Socket | undefined;
  try {
    onStep(firstStep(address, via));
    socket = "path" in address ? connect({ path: address.path }) : connectTo(via ?? address);
    // Calls that wait keep the process alive. An attempt that no call waits for does not.
    socket.on("error", () => {}).unref();
    await waitFor(socket, "connect", signal);
    let peer: string;
    if ("path" in address) peer = `unix:${address.path}`;
    else if (via === undefined) peer = hostPort(socket.remoteAddress ?? address.host, socket.remotePort ?? address.port);
    else {
      peer = hostPort(address.host, address.port);
      onStep("the proxy's answer to CONNECT");
      await openTunnel(socket, peer, via, signal);
    }
    atProxy = false;
    if (connector !== undefined) {
      onStep("the TLS handshake");
      socket = await connector.secure(socket, signal);
    }
    onStep("the server's HTTP/2 SETTINGS");
    const http2 = await handshake(socket, signal, shared, connector !== undefined);
    return new ClientConnection(http2, peer, shared);
  } catch (error) {
    socket?.destroy();
    if (signal.aborted && error === signal.reason) throw error;
    const at = atProxy && via !== undefined ? hostPort(via.host, via.port) : undefined;
    const isTooLong = "path" in address && (error as NodeJS.ErrnoException).code === "EINVAL";
    const failure = isTooLong ? new ConnectFailure(pathTooLong(address.path), { cause: error }) : error;
    throw connectError(failure, { target: shared.target, secure: connector !== undefined, proxy: at });
  }
}

function firstStep(address: Address, proxy: HttpProxy | undefined): ConnectStep {
  if ("path" in address) return "the connection to the Unix domain socket";
  return proxy === undefined ? "the TCP connection" : "the TCP connection to the proxy";
}

function connectTo({ host, port }: { readonly host: string; readonly port: number }): Socket {
  return connect({ host, port, noDelay: true });
}

/** Starts HTTP/2 on the socket, and waits for the server's SETTINGS. */
async function handshake(socket: Socket, signal: AbortSignal, shared: SharedState, secure: boolean): Promise<Http2Connection> {
  if (socket.destroyed) throw socket.errored ?? new ClosedByPeer("the peer closed the connection");
  let first: Buffer | undefined;
  const keepFirst = (chunk: Buffer) => {
    first ??= chunk.subarray(0, 16);
  };
  socket.on("data", keepFirst);
  const http2 = attachClient(socket, shared.http2Options);
  try {
    await settings(http2, signal);
  } catch (error) {
    http2.destroy();
    throw wrongProtocol(first, secure) ?? error;
  } finally {
    socket.off("data", keepFirst);
  }
  return http2;
}

function settings(http2: Http2Connection, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let goaway = "";
    const done = () => {
      signal.removeEventListener("abort", onAbort);
      http2.onSettings = undefined;
      http2.onClose = undefined;
      http2.onGoaway = undefined;
    };
    const onAbort = () => {
      done();
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort);
    http2.onGoaway = ({ code, debugData }) => {
      goaway = `${errorCodeName(code)}${debugData === "" ? "" : ` (${debugData.slice(0, 200)})`}`;
    };
    http2.onClose = ({ message, cause }) => {
      done();
      if (goaway !== "") reject(new ConnectFailure(`the server takes no calls: ${goaway}`));
      else if (cause !== undefined) reject(cause);
      else if (message === "the peer closed the connection") reject(new ClosedByPeer(message));
      else reject(new ConnectFailure(message));
    };
    http2.onSettings = () => {
      // Handles the rest of the chunk first, which may contain a GOAWAY.
      queueMicrotask(() => {
        if (http2.state === "closed") return;
        done();
        if (http2.state === "open") resolve();
        else reject(new ConnectFailure(`the server takes no calls${goaway === "" ? "" : `: ${goaway}`}`));
      });
    };
  });
}
