// Explains in plain words why a connection failed. Node and OpenSSL have codes and texts of their
// own.

/** Causes by the code of a Node error. */
const byCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused: nothing listens there",
  ENOENT: "there is no such socket",
  ENOTSOCK: "it is not a socket",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the name server does not answer",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the host cannot be reached",
  EADDRNOTAVAIL: "the host cannot be reached",
  ETIMEDOUT: "the connection timed out",
  EMFILE: "this process has too many open files",
  ENFILE: "this machine has too many open files",
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  CERT_NOT_YET_VALID: "the server's certificate is not valid yet",
  ERR_TLS_HANDSHAKE_TIMEOUT: "the TLS handshake timed out",
};

/**
 * Causes by the text of an error from OpenSSL or Node's tls. `$<name>` is a group of the pattern.
 * The first matching pattern applies.
 */
const byText: readonly (readonly [pattern: RegExp, cause: string])[] = [
  [
    /altnames: Host: (?<host>.*?)\.? is not in the cert's altnames: (?<names>.*)/,
    "the server's certificate is not for $<host>, but for $<names>",
  ],
  [/altnames: IP: (?<host>\S+) is not in the cert's list: (?<names>.*)/, "the server's certificate is not for $<host>, but for $<names>"],
  [/altnames: Host: (?<host>.*?)\.? is not cert's CN: (?<names>.*)/, "the server's certificate is not for $<host>, but for $<names>"],
  [/altnames: Cert does not contain a DNS name/, "the server's certificate names no host"],
  [/certificate has expired/, "the server's certificate has expired"],
  [/certificate is not yet valid/, "the server's certificate is not valid yet"],
  [
    /unable to (?:verify|get)|self[- ]signed certificate|unable to find|signature failure|invalid CA certificate/i,
    "the server's certificate is not signed by an authority that this client trusts",
  ],
  [/alert certificate required|alert number 116/, "the server requires a client certificate"],
  [/alert unknown ca|alert number 48/, "the server does not trust the authority that signed this client's certificate"],
  [/alert certificate expired|alert number 45/, "this client's certificate has expired"],
  [/alert bad certificate|alert number 42|alert certificate unknown|alert number 46/, "the server rejected this client's certificate"],
  [/alert protocol version|alert number 70|unsupported protocol/, "the server and this client have no TLS version in common"],
  [/alert no application protocol|alert number 120/, "the server does not speak HTTP/2"],
  [/alert unrecognized name|alert number 112/, "the server does not know the name that it was asked for"],
  [
    /alert handshake failure|alert number 40/,
    "the server rejected the TLS handshake: does it require a client certificate, or other ciphers?",
  ],
  [/wrong version number|packet length too long|record layer failure|http request/, "the server does not speak TLS"],
];

/** The server closed the connection without giving a reason. */
const closed = /\bECONNRESET\b|\bEPIPE\b|\bECONNABORTED\b|socket disconnected|socket hang up|alert number 80/;

/**
 * Explains an error of a connection. Returns `undefined` for an unknown error.
 *
 * @param code the code of a Node error; empty if it has none.
 */
export function knownCause(code: string, message: string): string | undefined {
  const known = byCode[code];
  if (known !== undefined) return known;
  for (const [pattern, cause] of byText) {
    const match = pattern.exec(message);
    if (match !== null) return cause.replace(/\$<(\w+)>/g, (_, name: string) => match.groups?.[name]?.trim() ?? "");
  }
  return undefined;
}

/**
 * Returns the end of a timeout message.
 *
 * @param step the step that was waited for, if it is known.
 */
export function waitingFor(step: string | undefined): string {
  return step === undefined ? "" : `, waiting for ${step}`;
}

/** Explains EINVAL for a Unix domain socket, in clients and servers. */
export function pathTooLong(path: string): string {
  return `the path has ${Buffer.byteLength(path)} bytes, and the system takes about 100: choose a shorter one`;
}

/** Returns whether an error says that the server closed the connection without giving a reason. */
export function isClosed(text: string): boolean {
  return closed.test(text);
}

/** Explains a closed connection. The likely cause depends on whether TLS was tried. */
export function closedCause(secure: boolean): string {
  return secure
    ? "the server closed the connection during the handshake: does it trust this client's certificate, if it asks for one?"
    : "the server closed the connection during the handshake: does it expect TLS?";
}
