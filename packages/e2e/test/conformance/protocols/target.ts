// A server under test.
import type { Identity } from "../../security/certificates.ts";
import type { Cancellations } from "./cancellations.ts";

export interface Target extends AsyncDisposable {
  /** The port for a version of HTTP. */
  port(version: 1 | 2, tls: boolean): number;
  /** The calls behind the server, to see that a cancellation arrives. */
  readonly cancellations?: Cancellations;
}

/** The TLS of a target. */
export interface TargetTls extends Identity {
  /** The CA of the certificates of the server and of clients, in PEM. */
  readonly ca: string;
}
