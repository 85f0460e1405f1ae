// Starts a gateway and its upstream server. Both close when the test finishes.
import { type Channel, createServer, type Implementation, type ServerOptions } from "@grpc-study/rpc";
import Fastify, { type FastifyInstance } from "fastify";
import { onTestFinished } from "vitest";
import { type GatewayOptions, gateway } from "../src/index.ts";

/** The transports between gateway and server. */
export const transports = ["in process", "over a socket"] as const;
export type Transport = (typeof transports)[number];

export interface TestGateway {
  readonly app: FastifyInstance;
  /** `http://127.0.0.1:…` */
  readonly url: string;
  readonly port: number;
}

interface TestGatewayOptions extends Partial<GatewayOptions> {
  readonly transport?: Transport;
  readonly server?: ServerOptions;
  readonly app?: FastifyInstance;
  readonly prefix?: string;
}

/** Starts a gateway for an implementation. */
export async function startGateway(implementation: Implementation, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const { transport = "in process", server: serverOptions = {}, app = Fastify(), ...rest } = options;
  const server = createServer({ onError: () => {}, ...serverOptions });
  server.add(implementation);
  const upstream: string | Channel = transport === "in process" ? server.channel() : (await server.listen("127.0.0.1:0")).address;
  onTestFinished(() => server.shutdown({ graceMs: 0, abortMs: 0 }).then(() => {}));
  return listen(app, { services: [implementation.service], upstream, ...rest });
}

/** Registers the gateway in an app, which listens on a free port. */
export async function listen(app: FastifyInstance, options: GatewayOptions & { prefix?: string }): Promise<TestGateway> {
  await app.register(gateway, options);
  onTestFinished(() => app.close());
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return { app, url, port: Number(new URL(url).port) };
}
