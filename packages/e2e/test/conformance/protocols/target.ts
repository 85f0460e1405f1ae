// A server under test.

export interface Target extends AsyncDisposable {
  /** The port for a version of HTTP. Its TLS certificate is the one that the suite gives. */
  port(version: 1 | 2, tls: boolean): number;
}
