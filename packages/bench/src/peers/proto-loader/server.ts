// grpc-js with proto-loader, as most Node services use it.
import { Server } from "@grpc/grpc-js";
import { hello } from "../../messages/values.ts";
import { handlersOf, listen } from "../grpc-js/handlers.ts";
import type { ServePeer } from "../peer.ts";
import { type Amount, Bench } from "./definition.ts";

export const serve: ServePeer = async (tls) => {
  const server = new Server();
  const countOf = (amount: object) => (amount as Amount).count;
  server.addService(Bench.service, handlersOf<object>({ hello, amount: (count) => ({ count }), countOf }));
  return { ready: await listen(server, tls) };
};
