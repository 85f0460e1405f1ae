import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { MountServer } from "./mount-server.ts";

const webSocket = "GET /none HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";

async function start() {
  const server = new MountServer({ home: (request, response) => void request.pipe(response), mounted: new Map() });
  onTestFinished(() => server.close());
  const { port } = await server.listen("127.0.0.1:0");
  /** Sends a text on a connection that the client does not close. */
  const send = (text: string) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    onTestFinished(() => void socket.destroy());
    // The server may reset it.
    socket.on("error", () => {});
    socket.write(text);
    return socket;
  };
  return { server, send };
}

test("a client that resets a refused WebSocket, or keeps it open, harms nothing", async () => {
  const { server, send } = await start();
  for (let times = 0; times < 2; times++) {
    const socket = send(webSocket);
    // Before the server has answered, and after.
    await once(socket, times === 0 ? "connect" : "data");
    socket.resetAndDestroy();
  }
  const [response] = (await once(send(webSocket), "data")) as [Buffer];
  expect(String(response)).toMatch(/^HTTP\/1\.1 404 /);
  // Resolves once all connections are closed.
  await server.close();
});

test("a request that offers another upgrade is served, with its body and the next one", async () => {
  const { send } = await start();
  const request = "POST / HTTP/1.1\r\nhost: a\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\ncontent-length: 3\r\n\r\none";
  const next = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 3\r\n\r\ntwo";
  const text = (await Array.fromAsync(send(request + next), String)).join("");
  expect(text.match(/HTTP\/1\.1 200|one|two/g)).toEqual(["HTTP/1.1 200", "one", "HTTP/1.1 200", "two"]);
});
