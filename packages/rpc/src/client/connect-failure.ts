// Why there is no connection, in words. grpc-js puts Node's and OpenSSL's own into the status, between words of its own.

const wrapped = /^No connection established\. Last error: (?<reason>[\s\S]*?)(?:\. Resolution note: (?<note>[\s\S]*))?$/;

/** Patterns of Node's net and tls and of OpenSSL, and what they mean to whoever asked for the connection. */
const causes: readonly (readonly [pattern: RegExp, cause: string])[] = [
  [/\bECONNREFUSED\b/, "connection refused: nothing listens there"],
  [/\bENOENT\b/, "there is no such socket"],
  [/\bEHOSTUNREACH\b|\bENETUNREACH\b/, "the host cannot be reached"],
  [/\bETIMEDOUT\b/, "the connection timed out"],
  [/\bECONNRESET\b|Socket closed|Failed to connect/, "the peer closed the connection before the handshake was done"],
];

/**
 * Turns a status message of grpc-js that says why there is no connection into a plain one: `cannot connect to TARGET: CAUSE`. Any other
 * message stays what it is.
 */
export function explainConnectFailure(message: string, target: string): string {
  if (message.startsWith("Name resolution failed for target")) return `cannot connect to ${target}: no such host`;
  const reason = wrapped.exec(message)?.groups?.reason;
  if (reason === undefined) return message;
  const cause = causes.find(([pattern]) => pattern.test(reason))?.[1] ?? plain(reason);
  return `cannot connect to ${target}: ${cause}`;
}

/** Without the class of an error and the time at which it happened. */
function plain(reason: string): string {
  return reason
    .replace(/^(?:\w*Error(?: \[\w+\])?: )+/, "")
    .replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/, "")
    .trim();
}
