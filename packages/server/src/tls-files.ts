// The PEM files that listeners with TLS use.

export interface TlsFiles {
  /** The server's certificate. */
  readonly cert: string;
  /** The server's private key. */
  readonly key: string;
  /** The CA whose clients mutual TLS accepts. */
  readonly ca: string;
  /** The client certificate that a gateway shows to the server. The files may be missing. */
  readonly client?: { readonly cert: string; readonly key: string };
}
