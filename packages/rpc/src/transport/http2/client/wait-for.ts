// One step of connecting: waits for an event of a socket, or its end.
import type { Socket } from "node:net";
import { ClosedByPeer } from "./connect-failure.ts";

/**
 * Resolves when the event is emitted. Destroys the socket and rejects if it fails (with its error),
 * closes (with ClosedByPeer), or the signal aborts (with its reason).
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
