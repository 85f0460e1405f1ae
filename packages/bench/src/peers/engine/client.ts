// The engine's client without gRPC, with prepared requests: the cost of HTTP/2 in `rpc`.
import { Connection, type OnEnd } from "../../load/connection.ts";
import { bodies, pathOf, responses } from "../../messages/calls.ts";
import { helloFrame } from "../../messages/frame.ts";
import type { ConnectPeer } from "../peer.ts";

export const connect: ConnectPeer = async (target) => {
  const connection = await Connection.open(target);
  const settled = (result: number, start: (onEnd: OnEnd) => void): Promise<number> =>
    new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve(result))));
  const call = (method: keyof typeof bodies) => () => {
    const { length } = responses[method];
    return settled(length, (onEnd) => connection.call(pathOf(method), bodies[method], length, onEnd));
  };
  return {
    say: call("Say"),
    echo: call("Echo"),
    count: call("Count"),
    gather: call("Gather"),
    chat: (messages) => settled(0, (onEnd) => connection.pingPong(pathOf("Chat"), helloFrame, () => --messages >= 0, onEnd)),
  };
};
