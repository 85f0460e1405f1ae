// Why there is no connection, in plain words. grpc-js puts the text of Node's or OpenSSL's error into the status, between words of its own.
import { Code } from "../../protocol/code.ts";
import type { Status } from "../../protocol/status.ts";
import { closedCause, isClosed, knownCause } from "../connect-cause.ts";

const wrapped = /^No connection established\. Last error: (?<reason>[\s\S]*?)(?:\. Resolution note: (?<note>[\s\S]*))?$/;

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
  // grpc-js shares connections between channels, and tells only the first why there is none.
  if (reason === "null") return "an attempt has just failed, and the next one is not due yet";
  const code = /\bE[A-Z]{3,}\b/.exec(reason)?.[0] ?? "";
  const known = knownCause(code, reason);
  if (known !== undefined) return known;
  return isClosed(reason) || closed.test(reason) ? closedCause(secure) : plain(reason);
}

/** grpc-js's own words for a server that closed the connection. */
const closed = /Socket closed|Failed to connect|Connection closed before/;

/** Without the class of an error and the time at which it happened. */
function plain(reason: string): string {
  return reason
    .replace(/^(?:\w*Error(?: \[\w+\])?: )+/, "")
    .replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/, "")
    .trim();
}
