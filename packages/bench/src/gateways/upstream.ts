// The gRPC server behind the gateway of `over-socket`.
import type { Serve } from "../process/hosted.ts";
import { shopServer } from "./services.ts";

export const serve: Serve<null, number> = async () => {
  const { port } = await shopServer().listen("127.0.0.1:0");
  return { ready: port };
};
