// Sends raw bytes, and returns all that arrives until the connection closes.
import { connect } from "node:net";

/** @param quietMs milliseconds of silence after which the socket is closed. */
export function raw(port: number, bytes: string | Buffer, quietMs = 3000): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.setEncoding("latin1").setTimeout(quietMs, () => socket.destroy());
    socket.on("data", (data) => {
      text += data;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
    socket.write(bytes);
  });
}
