// A TCP proxy whose connections a test can break.
import { connect, type Socket } from "node:net";
import { listenTcp } from "../harness/ports.ts";

export interface CuttingProxy extends AsyncDisposable {
  /** The URL of the proxy. */
  readonly url: string;
  /** Breaks all connections. New ones work. */
  cut(): void;
}

/** Starts a proxy in front of the server at `target`. */
export async function cuttingProxy(target: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = await listenTcp((socket) => {
    const onward = connect(Number(port), hostname);
    sockets.add(socket);
    onward.on("error", () => socket.destroy());
    onward.on("close", () => socket.destroy());
    socket.on("close", () => {
      sockets.delete(socket);
      onward.destroy();
    });
    socket.pipe(onward).pipe(socket);
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    cut: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
