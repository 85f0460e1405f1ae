// What channelz shows: servers with their sockets, and channels with their subchannels and sockets
// (gRFC A14). Each object implements one of these interfaces; the service reads it when it is asked.
import type { ChannelState } from "../transport/client.ts";
import type { CallCounts, MessageCounts } from "./counts.ts";
import type { Trace } from "./trace.ts";

/** The id is unique within the process, and stays the same. */
export interface Entity {
  readonly id: number;
  /** A name for people. */
  readonly name: string;
}

export interface ServerEntity extends Entity {
  readonly counts: CallCounts;
  readonly trace: Trace;
  /** The sockets that the server listens on. */
  readonly listenSockets: readonly SocketEntity[];
  /** The connections, in the order of their ids. */
  readonly sockets: readonly SocketEntity[];
}

export interface ChannelEntity extends Entity {
  readonly target: string;
  readonly state: ChannelState;
  readonly counts: CallCounts;
  readonly trace: Trace;
  readonly subchannels: readonly SubchannelEntity[];
}

export interface SubchannelEntity extends Entity {
  readonly state: ChannelState;
  readonly counts: CallCounts;
  readonly trace: Trace;
  /** The connections: the current one, and those that still have calls. */
  readonly sockets: readonly SocketEntity[];
}

export interface SocketEntity extends Entity {
  /** Reads the state of the socket. */
  facts(): SocketFacts;
}

export interface SocketFacts {
  readonly local: SocketAddress | undefined;
  readonly remote: SocketAddress | undefined;
  readonly tls: SocketTls | undefined;
  /** Undefined for a socket that listens. */
  readonly traffic: SocketTraffic | undefined;
}

/** `text` is an address of another kind. */
export type SocketAddress = { readonly host: string; readonly port: number } | { readonly path: string } | { readonly text: string };

export interface SocketTls {
  /** The name of the cipher suite in the registry of IANA. */
  readonly cipher: string;
  /** The certificates, in DER. */
  readonly localCertificate: Uint8Array | undefined;
  readonly remoteCertificate: Uint8Array | undefined;
}

export interface SocketTraffic {
  readonly role: "client" | "server";
  readonly streamsStarted: number;
  readonly streamsSucceeded: number;
  readonly streamsFailed: number;
  readonly keepalivesSent: number;
  /** The bytes that the peer allows this side to send, and those that this side allows the peer. */
  readonly sendWindow: number;
  readonly receiveWindow: number;
  readonly messages: MessageCounts;
}

let lastId = 0;

/** Returns a new id: 1, 2, 3, … */
export function nextId(): number {
  return ++lastId;
}

/**
 * The servers or the channels of the process, in the order of their ids. It does not keep them alive:
 * a program may drop a channel or a server that it does not close.
 */
class Registry<T extends Entity & WeakKey> implements Iterable<T> {
  readonly #members = new Map<number, WeakRef<T>>();
  readonly #collected = new FinalizationRegistry<number>((id) => this.#members.delete(id));

  add(member: T): void {
    this.#members.set(member.id, new WeakRef(member));
    this.#collected.register(member, member.id, member);
  }

  delete(member: T): void {
    if (this.#members.delete(member.id)) this.#collected.unregister(member);
  }

  get(id: number): T | undefined {
    return this.#members.get(id)?.deref();
  }

  *[Symbol.iterator](): Generator<T, undefined> {
    for (const reference of this.#members.values()) {
      const member = reference.deref();
      if (member !== undefined) yield member;
    }
  }
}

/** The servers, from their creation to the end of their shutdown. */
export const servers = new Registry<ServerEntity>();

/** The channels that users have created, until they are closed. */
export const channels = new Registry<ChannelEntity>();
