// Our gateway, with the gRPC server in another process.
import { createGateway } from "@grpc-study/gateway";
import { createChannel } from "@grpc-study/rpc";
import type { Serve } from "../process/hosted.ts";
import { rules, services } from "./services.ts";

export const serve: Serve<{ upstream: number }, number> = async ({ upstream }) => {
  const channel = createChannel(`127.0.0.1:${upstream}`);
  const { port } = await createGateway({ services, rules, upstream: channel }).listen("127.0.0.1:0");
  return { ready: port };
};
