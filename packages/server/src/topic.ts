// What a topic is: one tutorial, its services, and where they are served.
import type { Implementation } from "@grpc-study/rpc";
import type { Logger } from "pino";

export interface Listener {
  /** The tutorial's port. `--port` overrides it. */
  readonly port: number;
  readonly security: "plaintext";
}

export interface Topic {
  /** As the command line says it. Its folder has the same name, with `_` for `-`. */
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Where it is served; each listener is a server of its own. */
  readonly listeners: readonly Listener[];
  /** Its services. Called once for each listener; `log` already names the topic. */
  services(log: Logger): readonly Implementation[];
}
