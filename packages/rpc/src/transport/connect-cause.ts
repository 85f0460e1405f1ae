// Why a connection was not made, in plain words. Node and OpenSSL have codes and texts of their own.

/** By the code of an error of Node. */
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

/** By the text of an error of OpenSSL or of Node's tls; `$<name>` is what the pattern found. The first that fits counts. */
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
  [/alert bad certificate|alert number 42|alert certificate unknown|alert number 46/, "the server refuses this client's certificate"],
  [/alert protocol version|alert number 70|unsupported protocol/, "the server speaks no version of TLS that this client does"],
  [/alert no application protocol|alert number 120/, "the server does not speak HTTP/2"],
  [/alert unrecognized name|alert number 112/, "the server does not know the name that it was asked for"],
  [
    /alert handshake failure|alert number 40/,
    "the server refuses the TLS handshake: does it require a client certificate, or other ciphers?",
  ],
  [/wrong version number|packet length too long|record layer failure|http request/, "the server does not speak TLS"],
];

/** The server closed the connection without a word. */
const closed = /\bECONNRESET\b|\bEPIPE\b|\bECONNABORTED\b|socket disconnected|socket hang up|alert number 80/;

/**
 * What an error means to whoever asked for the connection. Undefined for an error that is not known here.
 * @param code of an error of Node; empty if it has none.
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

/** How a message of a time that is up ends. @param step what was waited for, if that is known. */
export function waitingFor(step: string | undefined): string {
  return step === undefined ? "" : `, waiting for ${step}`;
}

/** What EINVAL says of a Unix domain socket, where clients connect and where servers listen. */
export function pathTooLong(path: string): string {
  return `the path has ${Buffer.byteLength(path)} bytes, and the system takes about 100: choose a shorter one`;
}

/** Whether an error says that the server closed the connection without a word. */
export function isClosed(text: string): boolean {
  return closed.test(text);
}

/** What that hints at depends on what was tried. */
export function closedCause(secure: boolean): string {
  return secure
    ? "the server closed the connection during the handshake: does it trust this client's certificate, if it asks for one?"
    : "the server closed the connection during the handshake: does it expect TLS?";
}
