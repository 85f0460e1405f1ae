// What a server knows of one connection beside its frames: its peer, its calls that receive, how much of them is pending, and how old it is.

import type { Duplex } from "node:stream";
import { type PeerCertificate, TLSSocket } from "node:tls";
import { type Connection, ErrorCode, errorCodeName } from "@grpc-study/http2";
import type { ServerLimits } from "../../../limits/limits.ts";
import { type Linked, LinkedSet } from "../../../linked-set.ts";
import { type ClientCertificate, clientCertificate } from "../../../security/peer-certificate.ts";
import { PendingBytes, type PendingCall } from "./pending-bytes.ts";

/** A call of whose requests not all has been delivered. */
export interface ReceivingCall extends PendingCall, Linked<ReceivingCall> {
  /** Ends the call if its peer takes longer than it may. */
  look(timeoutMs: number, now: number): void;
  /** Refuses the call in a way that clients send it again elsewhere (RFC 9113, section 8.7), if no handler has seen it. */
  abandon(): void;
}

export class ServerConnection {
  readonly limits: ServerLimits;
  /** As `ServerStream.peer` gives it. Sockets forget it when they are closed. */
  readonly peer: string;
  readonly receiving = new LinkedSet<ReceivingCall>();
  readonly pending: PendingBytes;
  readonly #connection: Connection;
  readonly #certificate: PeerCertificate | undefined;
  // Moments, not timers: Node keeps a list for each duration that a timer has ever been set for, until that time is over. A jittered age, which is
  // another for each connection, would leave one for hours.
  #oldAt: number;
  #goneAt = Number.POSITIVE_INFINITY;

  constructor(connection: Connection, peer: string, limits: ServerLimits, now: number) {
    this.#connection = connection;
    this.limits = limits;
    this.peer = peer;
    this.pending = new PendingBytes(limits, this.receiving);
    // RFC 9113, section 5.4.1: a client that has found an error reads nothing more.
    connection.onGoaway = ({ code }) => {
      if (code !== ErrorCode.NO_ERROR)
        connection.destroy(ErrorCode.NO_ERROR, `the client has ended the connection (${errorCodeName(code)})`);
    };
    const { socket } = connection;
    this.#certificate = socket instanceof TLSSocket && socket.authorized ? socket.getPeerCertificate() : undefined;
    // Give or take a tenth, so that clients which came together do not all come again together.
    this.#oldAt = now + limits.maxConnectionAgeMs * (0.9 + 0.2 * Math.random());
  }

  get clientCertificate(): ClientCertificate | undefined {
    return clientCertificate(this.#certificate);
  }

  /** Ends what takes too long. */
  look(now: number): void {
    for (const call of this.receiving) call.look(this.limits.bodyTimeoutMs, now);
    if (now >= this.#goneAt) this.#connection.destroy(0, "max_age");
    else if (now >= this.#oldAt) {
      this.#oldAt = Number.POSITIVE_INFINITY;
      this.#goneAt = now + this.limits.maxConnectionAgeGraceMs;
      this.#connection.close(0, "max_age");
    }
  }

  /**
   * Resolves when there is no call and the peer has the last status. GOAWAY comes in two steps, a round trip apart, so that requests that are on their way
   * still count. A peer that sends no whole request in that time is not waited for.
   */
  async drain(): Promise<void> {
    const connection = this.#connection;
    const ended = this.#ended();
    connection.close();
    if (await within(ended, roundTripMs)) return;
    for (const call of this.receiving) call.abandon();
    if (connection.openStreams > 0) await ended;
  }

  /** Resolves once the connection is over, and its last bytes have left. */
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

/** How long a client has to complete requests, and to answer the PING between the two GOAWAY frames. Milliseconds. */
const roundTripMs = 100;

/** A peer's address: `host:port`, with brackets around IPv6; of a Unix domain socket, where the server listens. */
export function peerOf(socket: Duplex, path: string | undefined): string {
  if (path !== undefined) return `unix:${path}`;
  const { remoteAddress, remotePort } = socket as { remoteAddress?: string; remotePort?: number };
  if (remoteAddress === undefined) return "unknown";
  // IPv4 on a socket of both families.
  const host = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(remoteAddress)?.[1] ?? remoteAddress;
  return host.includes(":") ? `[${host}]:${remotePort}` : `${host}:${remotePort}`;
}

/** Whether a promise resolves in time. */
async function within(promise: Promise<void>, ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, ms, false);
  const inTime = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}
