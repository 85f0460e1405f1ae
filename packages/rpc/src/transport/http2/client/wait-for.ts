// One step of making a connection: an event of a socket, or its end.
import type { Socket } from "node:net";
import { ClosedByPeer } from "./connect-failure.ts";

/**
 * Resolves when the event comes. Rejects, and destroys the socket, with the error of the socket, with ClosedByPeer if it closes, and
 * with the signal's reason.
 */
export function waitFor(socket: Socket, event: "connect" | "secureConnect" | "readable", signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      signal.removeEventListener("abort", onAbort);
      socket.off("error", fail).off("close", onClose).off("end", onClose).off(event, onEvent);
    };
    const fail = (reason: unknown) => {
      done();
      socket.destroy();
      reject(reason);
    };
    const onAbort = () => fail(signal.reason);
    const onClose = () => fail(socket.errored ?? new ClosedByPeer("the peer closed the connection"));
    const onEvent = () => {
      done();
      resolve();
    };
    if (signal.aborted) onAbort();
    else if (socket.destroyed) onClose();
    else {
      signal.addEventListener("abort", onAbort);
      socket.on("error", fail).on("close", onClose).on("end", onClose).on(event, onEvent);
    }
  });
}
