// What a contestant of the group `http2` is: a folder with a `server.ts`, whose `serve` is a `ServePeer`, a `client.ts`, or both.
import type { Target } from "../peers/peer.ts";
import type { Exchange } from "./exchange.ts";

/** `connect` of a `client.ts`. Resolves once requests can be sent. */
export type ConnectEcho = (target: Target) => Promise<EchoConnection>;

export interface EchoConnection {
  /**
   * Begins an exchange. Callbacks instead of a promise: a promise costs as much as a tenth of an exchange.
   * @param onEnd called once. It gets an error unless the status is 200, the grpc-status is 0, and the body has the length that it should have.
   * @param onData gets the body, in parts
   */
  exchange(exchange: Exchange, onEnd: OnEnd, onData?: (part: Buffer) => void): void;
  /** Opens a stream, and resolves when a part has gone each way. The stream stays open. */
  hold(): Promise<void>;
  close(): void;
}

export type OnEnd = (error?: Error) => void;
