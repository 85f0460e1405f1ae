// The bearer token of a browser's WebSocket: its only custom header is the list of subprotocols.
import { Code } from "@grpc-study/rpc";
import { HttpError } from "./errors.ts";
import type { RequestHeaders } from "./message.ts";

/**
 * The subprotocol that the gateway selects. The token follows it:
 * `new WebSocket(url, ["bearer", token])`.
 */
export const bearerProtocol = "bearer";

/**
 * The `Authorization` value in the subprotocols of a handshake.
 *
 * @throws HttpError 400 if no token follows `bearer`.
 */
export function bearerOf({ "sec-websocket-protocol": protocols }: RequestHeaders): string | undefined {
  if (protocols === undefined) return undefined;
  const names = protocols.split(",").map((name) => name.trim());
  const index = names.indexOf(bearerProtocol);
  if (index < 0) return undefined;
  const token = names[index + 1];
  if (token) return `Bearer ${token}`;
  throw new HttpError(
    400,
    Code.INVALID_ARGUMENT,
    `the subprotocol ${bearerProtocol} must be followed by a token: ["${bearerProtocol}", token]`,
  );
}
