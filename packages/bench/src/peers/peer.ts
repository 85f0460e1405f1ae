// A contestant in the groups `server` and `client`. Each has a folder with a `server.ts`, a
// `client.ts`, or both.
import type { Serve } from "../process/hosted.ts";

/** PEM files. */
export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * The function `serve` of a `server.ts`. Listens on a free loopback port, which is its `ready`
 * value.
 */
export type ServePeer = Serve<TlsFiles | null, number>;

/** The calls of a client. Each makes one call, and rejects if it fails. */
export interface ClientPeer {
  /** Unary, 7 bytes each way. */
  say(): Promise<unknown>;
  /** Unary, 2.8 KB each way. */
  echo(): Promise<unknown>;
  /** Reads a stream of `messages` messages. */
  count(messages: number): Promise<unknown>;
  /** Writes a stream of `messages` messages. */
  gather(messages: number): Promise<unknown>;
  /** Writes a message and reads the response, `messages` times. */
  chat(messages: number): Promise<unknown>;
}

export interface Target {
  readonly port: number;
  /** The file of the certificate authority. `null`: plaintext. */
  readonly ca: string | null;
}

/** The function `connect` of a `client.ts`. Uses one connection. */
export type ConnectPeer = (target: Target) => ClientPeer | Promise<ClientPeer>;
