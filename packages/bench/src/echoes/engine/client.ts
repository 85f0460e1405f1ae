// @grpc-study/http2. It is also the load on every server of the group.
import { Connection } from "../../load/connection.ts";
import type { ConnectEcho } from "../echo-peer.ts";
import { idle } from "../exchange.ts";

export const connect: ConnectEcho = async (target) => {
  const connection = await Connection.open(target);
  return {
    exchange: ({ path, request, response }, onEnd, onPart) => connection.call(path, request, response.length, onEnd, onPart),
    hold: () => connection.hold(idle.path, idle.part),
    close: () => connection.close(),
  };
};
