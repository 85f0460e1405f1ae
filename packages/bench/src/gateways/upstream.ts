// The gRPC server behind the gateways over a socket, and itself as a contestant for gRPC.
import type { Serve } from "../process/hosted.ts";
import { shopServer } from "./services.ts";

export const serve: Serve<unknown, number> = async () => {
  const { port } = await shopServer().listen("127.0.0.1:0");
  return { ready: port };
};
