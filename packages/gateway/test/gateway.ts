// Starts a gateway and its upstream server. Both close when the test finishes.
import { type Channel, createServer, type Implementation, type ServerOptions } from "@grpc-study/rpc";
import { onTestFinished } from "vitest";
import { createGateway, type Gateway, type GatewayServerOptions } from "../src/index.ts";

/** The transports between gateway and server. */
export const transports = ["in process", "over a socket"] as const;
export type Transport = (typeof transports)[number];

export interface TestGateway {
  readonly gateway: Gateway;
  /** `http://127.0.0.1:…` */
  readonly url: string;
  readonly port: number;
}

interface TestGatewayOptions extends Partial<GatewayServerOptions> {
  readonly transport?: Transport;
  readonly server?: ServerOptions;
}

/** Starts a gateway for an implementation. It serves all hosts. */
export async function startGateway(implementation: Implementation, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const { transport = "in process", server: serverOptions = {}, ...rest } = options;
  const server = createServer({ onError: () => {}, ...serverOptions });
  server.add(implementation);
  const upstream: string | Channel = transport === "in process" ? server.channel() : (await server.listen("127.0.0.1:0")).address;
  onTestFinished(() => server.shutdown({ graceMs: 0, abortMs: 0 }).then(() => {}));
  return listen({ services: [implementation.service], upstream, allowedHosts: ["*"], ...rest });
}

/** Creates a gateway that listens on a free port. */
export async function listen(options: GatewayServerOptions): Promise<TestGateway> {
  const gateway = createGateway(options);
  onTestFinished(() => gateway.close());
  const { url, port } = await gateway.listen("127.0.0.1:0");
  return { gateway, url, port };
}
