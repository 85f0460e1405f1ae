// Tells HTTP/2 from HTTP/1.1 by the first bytes of a plaintext connection.
import type { Socket } from "node:net";

/** The HTTP/2 connection preface (RFC 9113, section 3.4). It is not a valid HTTP/1.1 request. */
const preface = Buffer.from("PRI * HTTP/2.0");

/**
 * Calls `found` once the first bytes have arrived, with the socket paused. The bytes can be read
 * again. Destroys a socket that fails, ends, or is silent for `timeoutMs` milliseconds before.
 */
export function detectHttp2(socket: Socket, timeoutMs: number, found: (isHttp2: boolean) => void): void {
  const destroy = () => socket.destroy();
  const timer = setTimeout(destroy, timeoutMs);
  const clear = () => clearTimeout(timer);
  let first: Buffer = Buffer.alloc(0);
  const read = (chunk: Buffer) => {
    first = first.length === 0 ? chunk : Buffer.concat([first, chunk]);
    const isHttp2 = first.equals(preface.subarray(0, first.length)) || first.subarray(0, preface.length).equals(preface);
    // The names of HTTP/1.1 methods may also start with `P` or `PR`.
    if (isHttp2 && first.length < 3) return;
    clear();
    socket.off("data", read).off("error", destroy).off("end", destroy).off("close", clear).pause();
    socket.unshift(first);
    found(isHttp2);
  };
  // The sockets of Node's HTTP/1.1 server stay half open after `end`.
  socket.on("data", read).on("error", destroy).on("end", destroy).on("close", clear);
}
