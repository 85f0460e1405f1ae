// A topic: one tutorial, its services, and where they are served.
import type { DescService } from "@bufbuild/protobuf";
import type { Implementation } from "@grpc-study/rpc";
import type { Logger } from "pino";
import type { Security } from "./access.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Sources } from "./sources.ts";
import type { TlsFiles } from "./tls-files.ts";
import type { User } from "./user-list.ts";

/** A gRPC server of a topic. */
export interface Listener {
  /** The tutorial's port. `--port` overrides it. */
  readonly port: number;
  /** How the listener is protected, and so who may call: see `access.ts`. */
  readonly security: Security;
}

/** A gateway of a topic: it serves HTTP and calls the topic's gRPC servers. */
export interface HttpListener {
  /** The tutorial's port. `--port` overrides it. */
  readonly port: number;
  readonly security: "HTTP, plaintext";
  /**
   * Starts the gateway, after the topic's gRPC servers.
   *
   * @throws ListenError, StartError
   */
  listen(options: HttpListenOptions): Promise<HttpListening>;
}

export interface HttpListenOptions {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** The topic's gRPC servers. */
  readonly upstreams: readonly Endpoint[];
  /** `undefined` if no gRPC server uses TLS. */
  readonly tls: TlsFiles | undefined;
  /** Whether requests have OpenTelemetry spans. Default: false. */
  readonly telemetry?: boolean;
  readonly log: Logger;
}

export interface HttpListening {
  readonly port: number;
  /** The full names of the services that have HTTP rules. */
  readonly services: readonly string[];
  shutdown(): Promise<void>;
}

export interface Topic {
  /** The name on the command line. The topic's folder has the same name, with `_` for `-`. */
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Each listener is a server of its own. The first one is a gRPC server. */
  readonly listeners: readonly (Listener | HttpListener)[];
  /** The users who may call with a token, unless the operator names others. Default: none. */
  readonly users?: readonly User[];
  /** Whether the services use the store. They are NOT_SERVING while its database does not work. Default: false. */
  readonly keepsData?: boolean;
  /**
   * The services that share entries with other processes by the live log. They are NOT_SERVING while
   * its server does not work. Default: none.
   */
  readonly usesLive?: readonly DescService[];
  /** Creates the services. Called once for each gRPC listener; `log` already names the topic. */
  services(log: Logger, sources: Sources): readonly Implementation[];
}

export function isHttp(listener: Listener | HttpListener): listener is HttpListener {
  return "listen" in listener;
}

/** The listeners of a topic. With `security`, one gRPC server takes the place of all of them. */
export function listenersOf({ listeners }: Topic, security: Security | undefined): readonly (Listener | HttpListener)[] {
  const [first] = listeners;
  if (security === undefined || first === undefined) return listeners;
  return [{ port: first.port, security }, ...listeners.filter(isHttp)];
}
