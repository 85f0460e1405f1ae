// A contestant in the group `http2`: a folder with a `server.ts`, whose `serve` is a `ServePeer`, a
// `client.ts`, or both.
import type { Target } from "../peers/peer.ts";
import type { Exchange } from "./exchange.ts";

/** The function `connect` of a `client.ts`. Resolves once requests can be sent. */
export type ConnectEcho = (target: Target) => Promise<EchoConnection>;

export interface EchoConnection {
  /**
   * Starts an exchange. Takes callbacks, because a promise costs up to a tenth of an exchange.
   *
   * @param onEnd called once, with an error unless the status is 200, the grpc-status is 0, and the
   *   body has the expected length.
   * @param onData called with each chunk of the body.
   */
  exchange(exchange: Exchange, onEnd: OnEnd, onData?: (chunk: Buffer) => void): void;
  /** Opens a stream, and leaves it open. Resolves once a chunk was sent each way. */
  hold(): Promise<void>;
  close(): void;
}

export type OnEnd = (error?: Error) => void;
