// Closes a byte stream. Closing a socket with unread data would discard the last bytes sent, such
// as GOAWAY.
import type { Duplex } from "node:stream";

/**
 * The time in milliseconds that the socket stays open after its last octet was sent, so that the
 * peer can read it.
 */
export const lingerTime = 1000;

/** The maximum number of octets that are read and discarded in that time. */
const droppedOctets = 262_144;

/**
 * Sends FIN and discards further data from the peer. `writeTime` limits the time for pending
 * writes, in milliseconds.
 */
export function linger(socket: Duplex, writeTime: number): void {
  if (socket.destroyed) return;
  let timer = setTimeout(() => socket.destroy(), writeTime);
  timer.unref();
  let dropped = 0;
  socket.on("data", (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > droppedOctets) socket.destroy();
  });
  socket.resume();
  socket.once("close", () => clearTimeout(timer));
  if (socket.writableEnded) return;
  socket.end(() => {
    if (socket.destroyed) return;
    clearTimeout(timer);
    timer = setTimeout(() => socket.destroy(), lingerTime);
    timer.unref();
  });
}
