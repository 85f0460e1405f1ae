// node:http2 without gRPC, with prepared requests: the cost of the protocol.
import { readFileSync } from "node:fs";
import { bodies } from "../../messages/calls.ts";
import { amountBytes, frame, helloFrame } from "../../messages/frame.ts";
import type { ConnectPeer } from "../peer.ts";
import { Connection } from "./connection.ts";

export const connect: ConnectPeer = ({ port, ca }) => {
  const connection = new Connection(port, ca === null ? undefined : readFileSync(ca));
  return {
    say: () => connection.call("Say", bodies.Say),
    echo: () => connection.call("Echo", bodies.Echo),
    count: (messages) => connection.call("Count", frame(amountBytes(messages))),
    gather: () => connection.call("Gather", bodies.Gather),
    chat: (messages) => connection.pingPong("Chat", helloFrame, () => --messages >= 0),
  };
};
