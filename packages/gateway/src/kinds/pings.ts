// Pings over a WebSocket, so that a peer that has gone is noticed.
import type { WebSocket } from "ws";

/** Milliseconds between pings. A peer that misses one pong is disconnected. */
const pingMs = 30_000;

/** Sends pings until the socket is closed. */
export function sendPings(socket: WebSocket): void {
  let alive = true;
  const pings = setInterval(() => {
    // Pongs are not read while the socket is paused.
    if (!alive && !socket.isPaused) return socket.terminate();
    alive = false;
    socket.ping();
  }, pingMs);
  socket.on("pong", () => {
    alive = true;
  });
  socket.on("close", () => clearInterval(pings));
}
