// The format of a case for the client role: what a server sends to a client with a call on stream
// 1, and the expected outcome.
import type { ClientConnection, ConnectionOptions, Stream } from "../../src/index.ts";
import type { RawPeer } from "../raw/peer.ts";
import type { Outcome, Recorder } from "../recorder.ts";

export interface ClientCase {
  /** The section of RFC 9113, unless it names another RFC. */
  readonly section: string;
  /** The frames from the server. */
  readonly title: string;
  /** Keeps the request open. Default: the request is complete. */
  readonly open?: true;
  readonly method?: string;
  readonly options?: ConnectionOptions;
  /** The client does not credit the response. */
  readonly uncredited?: true;
  /** The answer to the call. */
  readonly answer: readonly Uint8Array[];
  readonly expect: Expectation;
}

/** The objects that a case inspects. */
export interface Scene {
  readonly peer: RawPeer;
  readonly connection: ClientConnection;
  readonly stream: Stream;
  readonly recorder: Recorder;
  readonly outcome: Promise<Outcome>;
}

export type Expectation = (scene: Scene) => Promise<void>;
