// A token of a client that cannot set headers: a browser's WebSocket has its subprotocols alone.
import type { IncomingHttpHeaders } from "node:http";
import { Code } from "@grpc-study/rpc";
import { HttpError } from "./errors.ts";

/** The subprotocol that is answered with. The token is the one that follows it: `new WebSocket(url, ["bearer", token])`. */
export const bearerProtocol = "bearer";

/** The value of `Authorization` that a handshake's subprotocols stand for. @throws HttpError 400 if `bearer` has no token after it. */
export function bearerOf({ "sec-websocket-protocol": protocols }: IncomingHttpHeaders): string | undefined {
  if (protocols === undefined) return undefined;
  const names = protocols.split(",").map((name) => name.trim());
  const index = names.indexOf(bearerProtocol);
  if (index < 0) return undefined;
  const token = names[index + 1];
  if (token) return `Bearer ${token}`;
  throw new HttpError(400, Code.INVALID_ARGUMENT, `the subprotocol ${bearerProtocol} needs a token after it: ["${bearerProtocol}", token]`);
}
