// Our gateway, in the same process as the gRPC server.
import { createGateway } from "@grpc-study/gateway";
import type { Serve } from "../process/hosted.ts";
import { rules, services, shopServer } from "./services.ts";

export const serve: Serve<unknown, number> = async () => {
  const { port } = await createGateway({ services, rules, upstream: shopServer().channel() }).listen("127.0.0.1:0");
  return { ready: port };
};
