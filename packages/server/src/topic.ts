// What a topic is: one tutorial, its services, and where they are served.
import type { Implementation } from "@grpc-study/rpc";
import type { Logger } from "pino";
import type { Security } from "./access.ts";
import type { User } from "./user-list.ts";

export interface Listener {
  /** The tutorial's port. `--port` overrides it. */
  readonly port: number;
  /** How it is protected, and so who may call: `access.ts`. */
  readonly security: Security;
}

export interface Topic {
  /** As the command line says it. Its folder has the same name, with `_` for `-`. */
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Where it is served; each listener is a server of its own. */
  readonly listeners: readonly Listener[];
  /** Who may call with a token, unless the operator names others. Default: nobody. */
  readonly users?: readonly User[];
  /** Its services. Called once for each listener; `log` already names the topic. */
  services(log: Logger): readonly Implementation[];
}
