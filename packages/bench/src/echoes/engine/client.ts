// @grpc-study/http2. This client is also the load on every server of the group.
import { Connection } from "../../load/connection.ts";
import type { ConnectEcho } from "../echo-peer.ts";
import { idle } from "../exchange.ts";

export const connect: ConnectEcho = async (target) => {
  const connection = await Connection.open(target);
  return {
    exchange: ({ path, request, response }, onEnd, onData) => connection.call(path, request, response.length, onEnd, onData),
    hold: () => connection.hold(idle.path, idle.chunk),
    close: () => connection.close(),
  };
};
