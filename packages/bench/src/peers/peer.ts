// What a contestant of the groups `server` and `client` is. Each has a folder with a `server.ts`, a `client.ts`, or both.
import type { Serve } from "../process/hosted.ts";

/** PEM files. */
export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** `serve` of a `server.ts`: listens on a port of loopback, and is ready with its number. */
export type ServePeer = Serve<TlsFiles | null, number>;

/** One call each, to its end. They reject if it fails. */
export interface ClientPeer {
  /** 7 bytes both ways. */
  say(): Promise<unknown>;
  /** 2.8 KB both ways. */
  echo(): Promise<unknown>;
  /** Reads a stream of so many messages. */
  count(messages: number): Promise<unknown>;
  /** Writes a stream of so many messages. */
  gather(messages: number): Promise<unknown>;
  /** Writes a message, reads the answer, and so on. */
  chat(messages: number): Promise<unknown>;
}

export interface Target {
  readonly port: number;
  /** The file of the authority; null: plaintext. */
  readonly ca: string | null;
}

/** `connect` of a `client.ts`. One connection. */
export type ConnectPeer = (target: Target) => ClientPeer | Promise<ClientPeer>;
