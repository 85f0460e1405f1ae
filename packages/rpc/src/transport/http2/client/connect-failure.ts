// Creates the error for a failed connection.
import { Code } from "../../../protocol/code.ts";
import { RpcError } from "../../../protocol/error.ts";
import { closedCause, isClosed, knownCause } from "../../connect-cause.ts";

/** A failure whose message is already in plain words. */
export class ConnectFailure extends Error {
  static {
    ConnectFailure.prototype.name = "ConnectFailure";
  }
}

/** The peer closed the connection without giving a reason. */
export class ClosedByPeer extends Error {
  static {
    ClosedByPeer.prototype.name = "ClosedByPeer";
  }
}

export interface Handshake {
  /** The target of the connection. */
  readonly target: string;
  readonly secure: boolean;
  /** The proxy, if the connection failed there. */
  readonly proxy: string | undefined;
}

/** Returns the error for a failed connection: `cannot connect to TARGET: CAUSE`. */
export function connectError(error: unknown, handshake: Handshake): RpcError {
  const cause = causeOf(error, handshake);
  const where = handshake.proxy === undefined ? "" : `the proxy ${handshake.proxy}: `;
  return new RpcError(Code.UNAVAILABLE, `cannot connect to ${handshake.target}: ${where}${cause}`, { cause: error });
}

function causeOf(error: unknown, { secure, proxy }: Handshake): string {
  if (error instanceof ConnectFailure) return error.message;
  const { code = "", message = "" } = error as NodeJS.ErrnoException;
  const known = knownCause(code, message);
  if (known !== undefined) return known;
  if (!(error instanceof ClosedByPeer) && !isClosed(`${code} ${message}`)) return message;
  return proxy === undefined ? closedCause(secure) : "it closed the connection";
}

/**
 * Recognizes a peer that does not speak HTTP/2 by its first bytes. Returns `undefined` if they say
 * nothing.
 */
export function wrongProtocol(first: Buffer | undefined, secure: boolean): ConnectFailure | undefined {
  if (first === undefined) return undefined;
  if (first.subarray(0, 7).toString("latin1") === "HTTP/1.") return new ConnectFailure("the server speaks HTTP/1.1, not HTTP/2");
  // A TLS record: an alert or a handshake.
  if (!secure && (first[0] === 0x15 || first[0] === 0x16) && first[1] === 0x03) return new ConnectFailure("the server expects TLS");
  if (first.subarray(0, 4).toString("latin1") === "SSH-") return new ConnectFailure("the server speaks SSH, not HTTP/2");
  return undefined;
}
