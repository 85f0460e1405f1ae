// The client of the plain TCP server. A connection has one kind of exchange, and responses arrive
// in order.
import { once } from "node:events";
import { connect as connectNet } from "node:net";
import type { ConnectEcho, OnEnd } from "../echo-peer.ts";
import { type Exchange, exchanges } from "../exchange.ts";

export const connect: ConnectEcho = async ({ port }) => {
  const socket = connectNet({ host: "127.0.0.1", port, noDelay: true });
  await once(socket, "connect");
  const waiting: OnEnd[] = [];
  let current: Exchange | undefined;
  let onData: ((chunk: Buffer) => void) | undefined;
  let received = 0;
  const fail = (error: Error) => {
    for (const onEnd of waiting.splice(0)) onEnd(error);
  };
  socket.on("error", fail);
  socket.on("close", () => fail(new Error("the connection closed")));
  socket.on("data", (chunk: Buffer) => {
    onData?.(chunk);
    received += chunk.length;
    const size = current?.response.length ?? 1;
    socket.cork();
    for (; received >= size; received -= size) waiting.shift()?.();
    socket.uncork();
  });
  return {
    exchange(exchange, onEnd, onChunk) {
      if (current === undefined) socket.write(Buffer.from([Object.values(exchanges).indexOf(exchange as never)]));
      else if (current !== exchange) return onEnd(new Error("a plain TCP connection supports one kind of exchange"));
      current = exchange;
      onData = onChunk;
      waiting.push(onEnd);
      socket.write(exchange.request);
    },
    hold: () => Promise.reject(new Error("plain TCP does not support streams")),
    close: () => socket.destroy(),
  };
};
