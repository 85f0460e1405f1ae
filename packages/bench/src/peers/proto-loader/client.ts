// grpc-js with proto-loader.
import { hello, users } from "../../messages/values.ts";
import { callsOf, credentialsOf } from "../grpc-js/calls.ts";
import type { ConnectPeer } from "../peer.ts";
import { Bench } from "./definition.ts";

export const connect: ConnectPeer = (target) =>
  callsOf<object>(new Bench(`localhost:${target.port}`, credentialsOf(target)), { hello, users, amount: (count) => ({ count }) });
