// node:http2 alone, with the requests at hand: what the protocol costs without gRPC.
import { readFileSync } from "node:fs";
import { Connection } from "../../load/connection.ts";
import { amountBytes, frame, helloBytes, streamLength, usersBytes } from "../../messages/frame.ts";
import type { ConnectPeer } from "../peer.ts";

const helloFrame = frame(helloBytes);
const usersFrame = frame(usersBytes);
const helloFrames = Buffer.concat(Array.from({ length: streamLength }, () => helloFrame));

export const connect: ConnectPeer = ({ port, ca }) => {
  const connection = new Connection(port, ca === null ? undefined : readFileSync(ca));
  return {
    say: () => connection.call("Say", helloFrame),
    echo: () => connection.call("Echo", usersFrame),
    count: (messages) => connection.call("Count", frame(amountBytes(messages))),
    gather: () => connection.call("Gather", helloFrames),
    chat: (messages) => connection.pingPong("Chat", helloFrame, () => --messages >= 0),
  };
};
