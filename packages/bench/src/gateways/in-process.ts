// Our gateway, in the same process as the gRPC server.
import { createGateway } from "@grpc-study/gateway";
import type { Serve } from "../process/hosted.ts";
import { listen } from "./listen.ts";
import { rules, services, shopServer } from "./services.ts";

export const serve: Serve<number, number> = async () => ({
  ready: await listen(await createGateway({ services, rules, upstream: shopServer().channel() })),
});
