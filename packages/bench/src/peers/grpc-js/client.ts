// The generic client of grpc-js, with Buffers as messages: the cost without a codec.
import { makeGenericClientConstructor } from "@grpc/grpc-js";
import { amountBytes, helloBytes, usersBytes } from "../../messages/frame.ts";
import type { ConnectPeer } from "../peer.ts";
import { callsOf, credentialsOf } from "./calls.ts";
import { definition } from "./definition.ts";

export const connect: ConnectPeer = (target) => {
  const Client = makeGenericClientConstructor(definition, "Bench");
  const client = new Client(`localhost:${target.port}`, credentialsOf(target));
  return callsOf(client, { hello: helloBytes, users: usersBytes, amount: amountBytes });
};
