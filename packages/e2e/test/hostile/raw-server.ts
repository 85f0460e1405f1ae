// A raw server: a test decides which bytes it writes for a call.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type FrameHeader, FrameReader, flag, frame, preface, settings, settingsAck, type } from "./frames.ts";

/** Responds to a call on this stream number by writing bytes to the socket. */
export type Answer = (socket: Socket, stream: number, frames: readonly FrameHeader[]) => void;

export interface RawServer extends AsyncDisposable {
  readonly address: string;
  /** The number of calls received. */
  readonly calls: number;
}

/** @param first the bytes to write to each new connection. Default: empty settings. */
export async function rawServer(answer: Answer, first: Uint8Array = settings()): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let calls = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.write(first);
    const reader = new FrameReader();
    const frames: FrameHeader[] = [];
    let toSkip = preface.length;
    socket.on("data", (bytes: Buffer) => {
      const skipped = Math.min(toSkip, bytes.length);
      toSkip -= skipped;
      for (const one of reader.read(bytes.subarray(skipped))) {
        frames.push(one);
        if (one.kind === type.settings && one.flags === 0) socket.write(settingsAck);
        if (one.kind === type.ping && one.flags === 0) socket.write(frame(type.ping, flag.ack, 0, one.payload));
        if (one.kind !== type.headers) continue;
        calls++;
        answer(socket, one.stream, frames);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get calls() {
      return calls;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
