// Plain TCP: the same bytes without HTTP/2, the upper limit on Node. The first byte of a connection
// selects its exchange.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { ServePeer } from "../../peers/peer.ts";
import { exchanges } from "../exchange.ts";

const all = Object.values(exchanges);

export const serve: ServePeer = async () => {
  const server = createServer({ noDelay: true }, (socket) => {
    let received = -1;
    let exchange = exchanges.echo;
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      if (received === -1) exchange = all[chunk[0] ?? 0] ?? exchange;
      received += chunk.length;
      socket.cork();
      for (; received >= exchange.request.length; received -= exchange.request.length) socket.write(exchange.response);
      socket.uncork();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { ready: (server.address() as AddressInfo).port };
};
