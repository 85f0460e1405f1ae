// What `serve` reports of each listener.
import type { Security } from "./access.ts";

/** One listener that serves. */
export interface Endpoint {
  readonly topic: string;
  /** `host:port`, with the host that was asked for and the port that is bound. */
  readonly address: string;
  /** The full names of the services, or one text that says what else it serves. */
  readonly services: readonly string[];
  readonly security: Security | "HTTP, plaintext";
}
