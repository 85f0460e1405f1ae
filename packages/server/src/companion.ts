// What is served beside the topics, and is no gRPC server: the shop over HTTP. This package knows nothing of it but this.
import type { Logger } from "pino";
import type { Endpoint, TlsFiles } from "./serve.ts";

export interface Companion {
  /** It starts with this topic. */
  readonly topic: string;
  /** Starts it. What it throws ends everything; an Error with a `code` of the system is told as one line. */
  start(neighbours: Neighbours): Promise<RunningCompanion>;
}

/** What a companion may need to know. */
export interface Neighbours {
  /** Where its topic is served. */
  readonly endpoints: readonly Endpoint[];
  readonly host: string;
  /** The port that was asked for instead of the tutorial's; 0: whatever is free. */
  readonly port: number | undefined;
  /** The folder with `ca.pem`, `client.pem` and `client.key`. */
  readonly certs: string;
  readonly tls: TlsFiles | undefined;
  readonly log: Logger;
}

export interface RunningCompanion {
  readonly endpoint: Endpoint;
  shutdown(): Promise<void>;
}
