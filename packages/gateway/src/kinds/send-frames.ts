// Sends the responses of a call over a WebSocket, as fast as the peer reads.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Message } from "@bufbuild/protobuf";
import { Code, RpcError } from "@grpc-study/rpc";
import type { WebSocket } from "ws";
import type { Responses } from "../route.ts";

/** What the peer lets the gateway send. */
export interface SendLimit {
  readonly isSpent: boolean;
  spend(): void;
  wait(): Promise<void>;
}

/** Number of responses after which the event loop gets a turn. */
const turnEvery = 64;
/** Maximum number of bytes in the send buffer before the next response is requested. */
const sendWindow = 64 * 1024;

/** @throws RpcError the status of the call, or CANCELLED once the socket is closed. */
export async function sendAll(
  socket: WebSocket,
  responses: Responses,
  send: (response: Message) => void,
  limit?: SendLimit,
): Promise<void> {
  let count = 0;
  for (let response = await responses.recv(); response !== undefined; response = await responses.recv()) {
    if (limit?.isSpent) await limit.wait();
    // The close event may come later.
    if (socket.readyState !== socket.OPEN) throw new RpcError(Code.CANCELLED, "the WebSocket was closed");
    send(response);
    limit?.spend();
    if (socket.bufferedAmount > sendWindow) await drained(socket);
    // An in-process upstream would starve other calls.
    else if (++count % turnEvery === 0) await nextTurn();
  }
}

/** Resolves once the send buffer has been written, or the socket is closed. */
function drained(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", resolve);
    // Frames are written in order, so the buffer is empty once the ping is written.
    socket.ping("", undefined, () => {
      socket.off("close", resolve);
      resolve();
    });
  });
}
