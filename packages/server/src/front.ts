// A front: an HTTP server in front of all topics that a run serves.
import type { DescService } from "@bufbuild/protobuf";
import type { Logger } from "pino";
import type { Endpoint } from "./endpoint.ts";
import type { TlsFiles } from "./tls-files.ts";
import type { HttpListening } from "./topic.ts";

export interface Front {
  /** The name in the table of endpoints, and the option: `--console`, `--no-console`. */
  readonly name: string;
  /** What the option `--<name>` serves. */
  readonly summary: string;
  /** `--port` overrides it by the port after those of the topic. */
  readonly port: number;
  /**
   * Starts the server, after all topics.
   *
   * @throws ListenError, StartError
   */
  listen(options: FrontListenOptions): Promise<HttpListening>;
}

/** A topic behind a front. */
export interface FrontedTopic {
  readonly name: string;
  readonly summary: string;
  readonly services: readonly DescService[];
  /** The topic's gRPC servers. */
  readonly upstreams: readonly Endpoint[];
}

export interface FrontListenOptions {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly topics: readonly FrontedTopic[];
  /** `undefined` if no gRPC server uses TLS. */
  readonly tls: TlsFiles | undefined;
  /** Whether requests have OpenTelemetry spans. Default: false. */
  readonly telemetry?: boolean;
  readonly log: Logger;
}
