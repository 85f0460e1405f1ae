// The end of a byte stream. A socket that is closed with unread data discards what it has sent last, such as GOAWAY.
import type { Duplex } from "node:stream";

/** How long the socket stays open after its last octet has left, so that the peer can read it. Milliseconds. */
export const lingerTime = 1000;

/** Octets that are read and dropped in that time. */
const droppedOctets = 262_144;

/** Sends FIN, and drops what the peer still sends. `writeTime`: milliseconds for what is still to be written. */
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
