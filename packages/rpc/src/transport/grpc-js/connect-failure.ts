// Why there is no connection, in words. grpc-js puts Node's and OpenSSL's own into the status, between words of its own.
import { Code } from "../../protocol/code.ts";
import type { Status } from "../../protocol/status.ts";

const wrapped = /^No connection established\. Last error: (?<reason>[\s\S]*?)(?:\. Resolution note: (?<note>[\s\S]*))?$/;

/**
 * Patterns of Node's net and tls and of OpenSSL, and what they mean to whoever asked for the connection; `$<name>` is what the pattern found.
 * The first that fits counts.
 */
const causes: readonly (readonly [pattern: RegExp, cause: string])[] = [
  [/\bECONNREFUSED\b/, "connection refused: nothing listens there"],
  [/\bENOENT\b/, "there is no such socket"],
  [/\bEHOSTUNREACH\b|\bENETUNREACH\b/, "the host cannot be reached"],
  [/\bETIMEDOUT\b/, "the connection timed out"],
  [
    /altnames: Host: (?<host>.*?)\.? is not in the cert's altnames: (?<names>.*)/,
    "the server's certificate is not for $<host>, but for $<names>",
  ],
  [/altnames: IP: (?<host>\S+) is not in the cert's list: (?<names>.*)/, "the server's certificate is not for $<host>, but for $<names>"],
  [/certificate has expired/, "the server's certificate has expired"],
  [/certificate is not yet valid/, "the server's certificate is not valid yet"],
  [
    /unable to (?:verify|get)|self[- ]signed certificate|unable to find|signature failure/,
    "the server's certificate is not signed by an authority that this client trusts",
  ],
  [/alert certificate required|alert number 116/, "the server requires a client certificate"],
  [/alert unknown ca|alert number 48/, "the server does not trust the authority that signed this client's certificate"],
  [/alert certificate expired|alert number 45/, "this client's certificate has expired"],
  [/alert bad certificate|alert number 42|alert certificate unknown|alert number 46/, "the server refuses this client's certificate"],
  [/alert protocol version|alert number 70|unsupported protocol/, "the server speaks no version of TLS that this client does"],
  [/wrong version number|packet length too long|record layer failure/, "the server does not speak TLS"],
];

/** The connection was closed without a word; what that hints at depends on what was tried. */
const closed = /\bECONNRESET\b|\bEPIPE\b|Socket closed|Failed to connect|socket disconnected|Connection closed before|alert number 80/;

/**
 * Turns a status message of grpc-js that says why there is no connection into plain words: `cannot connect to TARGET: CAUSE`. Undefined for any
 * other message.
 * @param secure whether TLS was tried.
 */
export function explainConnectFailure(message: string, target: string, secure: boolean): Status | undefined {
  const cause = message.startsWith("Name resolution failed for target")
    ? "no such host"
    : causeOf(wrapped.exec(message)?.groups?.reason, secure);
  if (cause === undefined) return undefined;
  return { code: Code.UNAVAILABLE, message: `cannot connect to ${target}: ${cause}`, metadata: undefined, cause: new Error(message) };
}

function causeOf(reason: string | undefined, secure: boolean): string | undefined {
  if (reason === undefined) return undefined;
  for (const [pattern, cause] of causes) {
    const groups = pattern.exec(reason)?.groups;
    if (pattern.test(reason)) return cause.replace(/\$<(\w+)>/g, (_, name: string) => groups?.[name]?.trim() ?? "");
  }
  // A channel of grpc-js itself may share its connections with others, and only the first is told why there is none.
  if (reason === "null") return "an attempt has just failed, and the next one is not due yet";
  if (!closed.test(reason)) return plain(reason);
  return secure
    ? "the server closed the connection during the handshake: does it trust this client's certificate, if it asks for one?"
    : "the server closed the connection during the handshake: does it expect TLS?";
}

/** Without the class of an error and the time at which it happened. */
function plain(reason: string): string {
  return reason
    .replace(/^(?:\w*Error(?: \[\w+\])?: )+/, "")
    .replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/, "")
    .trim();
}
