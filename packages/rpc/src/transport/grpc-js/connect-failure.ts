// Explains in plain words why there is no connection. grpc-js wraps the text of the error from Node
// or OpenSSL in its own words.
import { Code } from "../../protocol/code.ts";
import type { Status } from "../../protocol/status.ts";
import { closedCause, isClosed, knownCause } from "../connect-cause.ts";

const wrapped = /^No connection established\. Last error: (?<reason>[\s\S]*?)(?:\. Resolution note: (?<note>[\s\S]*))?$/;

/**
 * Converts a grpc-js status message about a failed connection to `cannot connect to TARGET: CAUSE`.
 * Returns `undefined` for any other message.
 *
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
  // grpc-js shares connections between channels, and gives the reason only to the first one.
  if (reason === "null") return "an attempt has just failed, and the next one is not due yet";
  const code = /\bE[A-Z]{3,}\b/.exec(reason)?.[0] ?? "";
  const known = knownCause(code, reason);
  if (known !== undefined) return known;
  return isClosed(reason) || closed.test(reason) ? closedCause(secure) : plain(reason);
}

/** The messages of grpc-js for a server that closed the connection. */
const closed = /Socket closed|Failed to connect|Connection closed before/;

/** Removes the class of the error and its timestamp. */
function plain(reason: string): string {
  return reason
    .replace(/^(?:\w*Error(?: \[\w+\])?: )+/, "")
    .replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/, "")
    .trim();
}
