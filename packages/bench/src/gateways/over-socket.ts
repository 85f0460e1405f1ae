// Our gateway, with the gRPC server in another process.
import { createGateway } from "@grpc-study/gateway";
import { createChannel } from "@grpc-study/rpc";
import type { Serve } from "../process/hosted.ts";
import { listen } from "./listen.ts";
import { rules, services } from "./services.ts";

export const serve: Serve<number, number> = async (upstream) => {
  const channel = createChannel(`127.0.0.1:${upstream}`);
  return { ready: await listen(await createGateway({ services, rules, upstream: channel })) };
};
