// The state of one connection beside its frames: its peer, its receiving calls, their pending
// bytes, and its age.

import type { Duplex } from "node:stream";
import { type PeerCertificate, TLSSocket } from "node:tls";
import { type Connection, ErrorCode, errorCodeName } from "@grpc-study/http2";
import type { ServerLimits } from "../../../limits/limits.ts";
import { type Linked, LinkedSet } from "../../../linked-set.ts";
import { type ClientCertificate, clientCertificate } from "../../../security/peer-certificate.ts";
import { ConnectionSocket } from "../connection-socket.ts";
import { PendingBytes, type PendingCall } from "./pending-bytes.ts";

/** A call whose requests have not all been delivered. */
export interface ReceivingCall extends PendingCall, Linked<ReceivingCall> {
  /** Whether the header of the call has arrived in this turn. */
  isNew: boolean;
  /** Opens the call without its request, unless it has been opened or waits for the request. */
  open(): void;
  /** Ends the call, because its method has thrown an error. */
  reset(): void;
  /** Ends the call if its peer has made no progress within the timeout. */
  checkTimeout(timeoutMs: number, now: number): void;
  /**
   * If no handler has seen the call, rejects it with REFUSED_STREAM, so that clients retry it (RFC
   * 9113, section 8.7).
   */
  refuseUnprocessed(): void;
}

export class ServerConnection {
  readonly limits: ServerLimits;
  /** The peer, in the format of `ServerStream.peer`. A closed socket no longer has it. */
  readonly peer: string;
  /** Whether the connection uses TLS. */
  readonly secure: boolean;
  /** Counts the messages. */
  readonly socket: ConnectionSocket;
  readonly receiving = new LinkedSet<ReceivingCall>();
  readonly pending: PendingBytes;
  /** Whether calls are opened at the end of this turn. */
  #opening = false;
  readonly #onError: (error: unknown) => void;
  readonly #connection: Connection;
  readonly #certificate: PeerCertificate | undefined;
  // Points in time rather than timers: for each duration of a timer, Node keeps a list until that
  // time has passed. The varied age of each connection would leave a list for hours.
  #oldAt: number;
  #goneAt = Number.POSITIVE_INFINITY;

  /** @param onError called with errors that methods throw. */
  constructor(connection: Connection, peer: string, limits: ServerLimits, now: number, onError: (error: unknown) => void) {
    this.#connection = connection;
    this.#onError = onError;
    this.limits = limits;
    this.peer = peer;
    this.socket = new ConnectionSocket(connection, peer);
    this.pending = new PendingBytes(limits, this.receiving);
    // RFC 9113, section 5.4.1: after an error, a client reads nothing more.
    connection.onGoaway = ({ code }) => {
      if (code !== ErrorCode.NO_ERROR)
        connection.destroy(ErrorCode.NO_ERROR, `the client has ended the connection (${errorCodeName(code)})`);
    };
    const { socket } = connection;
    this.secure = socket instanceof TLSSocket;
    this.#certificate = socket instanceof TLSSocket && socket.authorized ? socket.getPeerCertificate() : undefined;
    // Varied by a tenth, so that clients that connected together do not all reconnect together.
    this.#oldAt = now + limits.maxConnectionAgeMs * (0.9 + 0.2 * Math.random());
  }

  get clientCertificate(): ClientCertificate | undefined {
    return clientCertificate(this.#certificate);
  }

  /**
   * Opens the new calls at the end of this turn. Their requests usually arrive with their headers,
   * and open them before.
   */
  openLater(): void {
    if (this.#opening) return;
    this.#opening = true;
    process.nextTick(openAll, this);
  }

  openAll(): void {
    this.#opening = false;
    const calls: ReceivingCall[] = [];
    // From the newest one.
    for (const call of this.receiving) {
      if (!call.isNew) break;
      call.isNew = false;
      calls.push(call);
    }
    for (const call of calls.reverse()) {
      try {
        call.open();
      } catch (error) {
        call.reset();
        this.#report(error);
      }
    }
  }

  #report(error: unknown): void {
    try {
      this.#onError(error);
    } catch {
      // onError must not throw. Ignore it, so that the other calls continue.
    }
  }

  /** Ends calls without progress, and a connection that is too old. */
  checkTimeouts(now: number): void {
    for (const call of this.receiving) call.checkTimeout(this.limits.bodyTimeoutMs, now);
    if (now >= this.#goneAt) this.#connection.destroy(0, "max_age");
    else if (now >= this.#oldAt) {
      this.#oldAt = Number.POSITIVE_INFINITY;
      this.#goneAt = now + this.limits.maxConnectionAgeGraceMs;
      this.#connection.close(0, "max_age");
    }
  }

  /**
   * Resolves when there are no calls and the peer has the last status. Sends GOAWAY twice, one
   * round trip apart, so that requests in flight are accepted. Does not wait for a peer that sends
   * no complete request in that time.
   */
  async drain(): Promise<void> {
    const connection = this.#connection;
    const ended = this.#ended();
    connection.close();
    if (await within(ended, roundTripMs)) return;
    for (const call of this.receiving) call.refuseUnprocessed();
    if (connection.openStreams > 0) await ended;
  }

  /** Resolves once the connection has ended and its last bytes have been sent. */
  #ended(): Promise<void> {
    const connection = this.#connection;
    const { socket } = connection;
    return new Promise((resolve) => {
      const finished = () => {
        if (socket.destroyed || socket.writableFinished) resolve();
        else socket.once("finish", resolve).once("close", resolve);
      };
      if (connection.state === "closed") finished();
      else connection.onClose = finished;
    });
  }
}

function openAll(connection: ServerConnection): void {
  connection.openAll();
}

/**
 * How long a client has to complete requests, and to answer the PING between the two GOAWAY frames.
 * Milliseconds.
 */
const roundTripMs = 100;

/**
 * Returns the address of a peer: `host:port` with brackets around IPv6. For a Unix domain socket,
 * returns `unix:` and the path on which the server listens.
 */
export function peerOf(socket: Duplex, path: string | undefined): string {
  if (path !== undefined) return `unix:${path}`;
  const { remoteAddress, remotePort } = socket as { remoteAddress?: string; remotePort?: number };
  if (remoteAddress === undefined) return "unknown";
  // An IPv4 peer on a dual-stack socket.
  const host = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(remoteAddress)?.[1] ?? remoteAddress;
  return host.includes(":") ? `[${host}]:${remotePort}` : `${host}:${remotePort}`;
}

/** Resolves with whether a promise resolves in time. */
async function within(promise: Promise<void>, ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, ms, false);
  const inTime = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}
