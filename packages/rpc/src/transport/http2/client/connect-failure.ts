// Why there is no connection, in plain words. Node and OpenSSL have codes and texts of their own.
import { Code } from "../../../protocol/code.ts";
import { RpcError } from "../../../protocol/error.ts";

/** A cause that is in plain words already. */
export class ConnectFailure extends Error {
  static {
    ConnectFailure.prototype.name = "ConnectFailure";
  }
}

/** The peer ended the connection without a word. */
export class ClosedByPeer extends Error {
  static {
    ClosedByPeer.prototype.name = "ClosedByPeer";
  }
}

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

/** What a server closes a connection for that it does not explain. */
const closed = /\bECONNRESET\b|\bEPIPE\b|\bECONNABORTED\b|socket disconnected|socket hang up|alert number 80/;

export interface Handshake {
  /** What the connection leads to. */
  readonly target: string;
  readonly secure: boolean;
  /** The proxy that did not connect, if it was one. */
  readonly proxy: string | undefined;
}

/** The error for a connection that was not made: `cannot connect to TARGET: CAUSE`. */
export function connectError(error: unknown, handshake: Handshake): RpcError {
  const cause = causeOf(error, handshake);
  const where = handshake.proxy === undefined ? "" : `the proxy ${handshake.proxy}: `;
  return new RpcError(Code.UNAVAILABLE, `cannot connect to ${handshake.target}: ${where}${cause}`, { cause: error });
}

function causeOf(error: unknown, { secure, proxy }: Handshake): string {
  if (error instanceof ConnectFailure) return error.message;
  const { code = "", message = "" } = error as NodeJS.ErrnoException;
  const known = byCode[code];
  if (known !== undefined) return known;
  for (const [pattern, cause] of byText) {
    const match = pattern.exec(message);
    if (match !== null) return cause.replace(/\$<(\w+)>/g, (_, name: string) => match.groups?.[name]?.trim() ?? "");
  }
  if (!(error instanceof ClosedByPeer) && !closed.test(`${code} ${message}`)) return message;
  if (proxy !== undefined) return "it closed the connection";
  return secure
    ? "the server closed the connection during the handshake: does it trust this client's certificate, if it asks for one?"
    : "the server closed the connection during the handshake: does it expect TLS?";
}

/** What the first bytes of a peer say that does not speak HTTP/2; undefined if they say nothing. */
export function wrongProtocol(first: Buffer | undefined, secure: boolean): ConnectFailure | undefined {
  if (first === undefined) return undefined;
  if (first.subarray(0, 7).toString("latin1") === "HTTP/1.") return new ConnectFailure("the server speaks HTTP/1.1, and not HTTP/2");
  // A record of TLS: an alert, or a handshake.
  if (!secure && (first[0] === 0x15 || first[0] === 0x16) && first[1] === 0x03) return new ConnectFailure("the server expects TLS");
  if (first.subarray(0, 4).toString("latin1") === "SSH-") return new ConnectFailure("the server speaks SSH, and not HTTP/2");
  return undefined;
}
