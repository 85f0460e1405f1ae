// A call of any kind: over fetch without a request stream, else over a WebSocket.
import type { MethodEntry } from "../schema/services.ts";
import { callOverFetch } from "./fetch.ts";
import { callOverSocket } from "./socket.ts";
import type { StartCall } from "./types.ts";

/** Whether a method takes a stream of requests. */
export function hasRequestStream(kind: MethodEntry["kind"]): boolean {
  return kind === "client_streaming" || kind === "bidi_streaming";
}

/** Whether a method returns a stream of responses. */
export function hasResponseStream(kind: MethodEntry["kind"]): boolean {
  return kind === "server_streaming" || kind === "bidi_streaming";
}

/** Starts a call. Without a request stream, it begins with the half-close. */
export const startCall: StartCall = (method, options) =>
  hasRequestStream(method.kind) ? callOverSocket(method, options) : callOverFetch(method, options);
