// The listener for operators: channelz, health and reflection, apart from the services.
import { createServer, type Server } from "@grpc-study/rpc";
import { channelz } from "@grpc-study/rpc/channelz";
import type { Endpoint } from "./endpoint.ts";

export interface Admin {
  readonly endpoint: Endpoint;
  readonly server: Server;
}

/** @throws ListenError */
export async function serveAdmin(address: string): Promise<Admin> {
  const server = createServer({ reflection: true });
  const service = channelz();
  server.add(service);
  const bound = await server.listen(address);
  return { server, endpoint: { topic: "admin", address: bound.address, services: [service.service.typeName], security: "plaintext" } };
}
